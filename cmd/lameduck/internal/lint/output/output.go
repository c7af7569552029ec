// Package output writes what the linter found.
package output

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
)

// Result is what was read and what was found in it.
type Result struct {
	*gather.Manifests
	Findings []lint.Finding
}
