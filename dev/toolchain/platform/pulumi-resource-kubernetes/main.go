// Command pulumi-resource-kubernetes is Pulumi's Kubernetes plugin without its schema, which the module lacks:
// the plugin only repeats the schema to whoever asks for it.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

const version = "4.25.0"

func main() {
	schema := []byte(`{"name":"kubernetes","version":"` + version + `"}`)
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
