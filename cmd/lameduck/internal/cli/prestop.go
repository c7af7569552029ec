package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

func newPreStop(s console.Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "prestop (DURATION | URL | --copy-to DIR)",
		Short: "Run as the preStop hook of a pod: wait, or send a request to the server and wait for the response",
		Long: `prestop is for lifecycle.preStop.exec in an image that has no shell and no
sleep, and where the kubelet's own sleep is not to be had (before Kubernetes 1.30).
With a duration it waits that long, with a URL it sends a GET and waits for the
answer: /prestop of the library answers when the lame duck is over.

--copy-to puts a copy of the tool into a folder, for an init container that
shares a volume with the server (deploy/variants/prestop-exec).

Exit codes: 0 done, 2 usage, 3 no answer.`,
		Example: `  lameduck prestop 10s
  lameduck prestop http://127.0.0.1:8080/prestop
  lameduck prestop --copy-to /prestop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			const advice = "as in: lameduck prestop 10s"
			switch {
			case dir != "" && len(args) == 0:
				return copySelf(dir)
			case dir != "" || len(args) != 1:
				return console.Usage(hint.New(errors.New("prestop takes a duration or a URL, or --copy-to and a folder"), advice))
			case strings.HasPrefix(args[0], "http://"):
				return ask(cmd.Context(), args[0])
			}
			d, err := time.ParseDuration(args[0])
			if err != nil || d < 0 {
				return console.Usage(hint.New(fmt.Errorf("%q is neither a duration nor an http:// URL", args[0]), advice))
			}
			return wait(cmd.Context(), d)
		},
	}
	cmd.Flags().StringVar(&dir, "copy-to", "", "put a copy of this program into the folder")
	return cmd
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ask waits for the answer for as long as it takes: the kubelet gives up at the
// end of the grace period.
func ask(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return console.Usage(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return hint.New(err, "the server of the pod listens there, on the loopback address too?")
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		return hint.New(fmt.Errorf("GET %s: %s", url, answer.Status), "is the path right?")
	}
	return nil
}

// copySelf writes the program to a temporary file and renames it, so that an
// incomplete file is never run.
func copySelf(dir string) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(dir, ".lameduck.*")
	if err != nil {
		return hint.New(err, "name a folder that exists and can be written to, such as the mount of an emptyDir")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to.Name()))
		}
	}()
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o755), to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), filepath.Join(dir, "lameduck"))
}
