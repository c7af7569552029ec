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
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

func newPreStop(s console.Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "prestop (DURATION | URL | --copy-to DIR)",
		Short: "Run as the preStop hook of a pod: wait, or send a request to the server and wait for the response",
		Long: `prestop is a command for lifecycle.preStop.exec: in an image without a shell and
without sleep, on Kubernetes before 1.30, which has no preStop hook of the kind
sleep.

With a duration it waits that long. With a URL it sends a GET and waits for the
response: the library responds to /prestop when the lame duck is over.

--copy-to puts a copy of the tool into a folder, for an init container that
shares a volume with the server (deploy/variants/prestop-exec).

Exit codes: 0 done, 2 usage, 3 no response.`,
		Example: `  lameduck prestop 10s
  lameduck prestop http://127.0.0.1:8080/prestop
  lameduck prestop --copy-to /prestop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			const advice = "for example: lameduck prestop 10s"
			switch {
			case dir != "" && len(args) == 0:
				return copySelf(dir)
			case dir != "" || len(args) != 1:
				return console.Usage(hint.New(errors.New("prestop takes a duration or a URL, or --copy-to and a folder"), advice))
			case strings.HasPrefix(args[0], "https://"):
				return console.Usage(hint.New(fmt.Errorf("prestop sends no request over TLS, as to %q", args[0]), "let the server answer on a port of the loopback address without TLS, or wait: lameduck prestop 10s"))
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
	cmd.Flags().StringVar(&dir, "copy-to", "", "`FOLDER` for a copy of this program")
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
		return console.Usage(hint.New(err, "for example: lameduck prestop http://127.0.0.1:8080/prestop"))
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return hint.New(err, "check that the server listens on this port, and on the loopback address too")
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		return hint.New(fmt.Errorf("GET %s: %s", url, answer.Status), "check the path of the URL")
	}
	return nil
}

// copySelf puts a copy of this program into the folder. An incomplete one is
// never there to be run.
func copySelf(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	const advice = "name a folder that exists and can be written to, such as the mount of an emptyDir"
	to, err := savefile.Create(filepath.Join(dir, "lameduck"), 0o755)
	if err != nil {
		return hint.New(err, advice)
	}
	if _, err := io.Copy(to, from); err != nil {
		return errors.Join(hint.New(err, advice), to.Discard())
	}
	return to.Commit()
}
