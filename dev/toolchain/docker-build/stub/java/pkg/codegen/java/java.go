// Package java stands in for the module that the proxy lacks: the plugin takes one type from it, for its schema.
package java

// PackageInfo is the part of the schema that speaks to the Java code generator.
type PackageInfo struct {
	BuildFiles                      string            `json:"buildFiles,omitempty"`
	GradleNexusPublishPluginVersion string            `json:"gradleNexusPublishPluginVersion,omitempty"`
	Dependencies                    map[string]string `json:"dependencies,omitempty"`
}
