// Package version is the version of this build.
package version

import "runtime/debug"

// String is the version of the module, or the commit it was built from, or
// "devel"; "unknown" without the information of go build.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}
