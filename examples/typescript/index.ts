import * as pulumi from "@pulumi/pulumi";
import * as kpack from "@pulumi/pulumi-kpack";

const config = new pulumi.Config();
const registry = config.require("registry");

const reconciler = new kpack.ReconcilerImage("reconciler", { repository: `${registry}/kpack-reconciler` });
const service = new kpack.BuildService("kpack", { image: reconciler.ref });
const after = { dependsOn: [service] };
const base = new kpack.Builder("base", { image: config.require("builder") }, after);
const app = new kpack.Image("app", {
    tag: `${registry}/app:main`,
    builder: { name: base.builderName },
    source: { git: { url: config.require("repository"), revision: "main" } },
}, after);

export const image = app.latestImage;
