package gather

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// errNotText is what is wrong with a file that has bytes no text has.
var errNotText = errors.New("not text, so not a manifest")

// errNotAFile is what is wrong with a device or a socket.
var errNotAFile = errors.New("not a file")

// advised is an error of what could not be read, with a hint: its own, or one by its kind.
func advised(err error) error {
	errno, ofSystem := errors.AsType[syscall.Errno](err)
	advice := "mend the YAML at that place; a template has to be rendered first: helm template CHART | lameduck lint -"
	switch {
	case hint.Of(err) != "" || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errNotText):
		advice = "write it as UTF-8, or name only the files that are manifests"
	case errors.Is(err, errNotAFile):
		advice = "name files or folders with manifests, or - for stdin"
	case errors.Is(err, fs.ErrPermission):
		advice = "let the user who runs lameduck read it, or leave it out"
	case errors.Is(err, fs.ErrNotExist), ofSystem && errno == syscall.ELOOP:
		advice = "a link leads nowhere, or the file was removed meanwhile: mend the link, or leave it out"
	case ofSystem:
		advice = "the file could not be read to its end: check the disk"
	}
	return hint.New(err, advice)
}
