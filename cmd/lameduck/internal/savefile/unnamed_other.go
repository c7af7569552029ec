//go:build !linux

package savefile

import (
	"errors"
	"os"
)

// createUnnamed returns nil: only Linux can give a file its name later.
func createUnnamed(string) *os.File { return nil }

func link(*os.File, string) error { return errors.ErrUnsupported }
