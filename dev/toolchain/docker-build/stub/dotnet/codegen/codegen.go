// Package codegen stands in for the module that the proxy lacks: the plugin takes one type from it, for its schema.
package codegen

// CSharpPackageInfo is the part of the schema that speaks to the .NET code generator.
type CSharpPackageInfo struct {
	RespectSchemaVersion bool              `json:"respectSchemaVersion,omitempty"`
	PackageReferences    map[string]string `json:"packageReferences,omitempty"`
}
