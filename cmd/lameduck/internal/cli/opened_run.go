package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

// stdin is the name of a run that comes from stdin.
const stdin = "-"

// openedRun is a saved run that can be read more than once.
type openedRun struct {
	io.Reader
	io.Seeker
	end func() error
}

// openRun opens a saved run.
func openRun(ctx context.Context, s console.Streams, file string) (*openedRun, error) {
	const advice = "name a file that lameduck verify --save has written"
	if file == stdin {
		return copied(ctx, s.In)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, console.Usage(hint.New(fmt.Errorf("%s: %w", file, pathError(err)), advice))
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		return &openedRun{interruptible{ctx, f}, f, f.Close}, nil
	}
	defer f.Close()
	if err == nil && info.IsDir() {
		return nil, console.Usage(hint.New(fmt.Errorf("%s is a folder", file), advice))
	}
	return copied(ctx, f)
}

// copied is a copy, in a temporary file, of a run that comes through a pipe, because that can
// be read only once.
func copied(ctx context.Context, pipe io.Reader) (*openedRun, error) {
	const advice = "set TMPDIR to a folder with room for the whole run, or name a file"
	f, err := savefile.Create(filepath.Join(os.TempDir(), "lameduck-run"), 0o600)
	if err != nil {
		return nil, hint.New(fmt.Errorf("copy the run: %w", err), advice)
	}
	if _, err := io.Copy(f, interruptible{ctx, pipe}); err != nil {
		return nil, errors.Join(hint.New(fmt.Errorf("copy the run: %w", err), advice), f.Discard())
	}
	return &openedRun{interruptible{ctx, f}, f, f.Discard}, nil
}

// interruptible ends the reading of a long run when ctx ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// pathError is the error without the operation and the path, which the message
// has already.
func pathError(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
