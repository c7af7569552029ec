package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// How the tool speaks: results go to stdout, talk and progress to stderr, so
// that a pipe carries results alone. Messages begin in lower case and end
// without a full stop. Colour, and a line that is rewritten in place, only on
// a terminal; colour not with NO_COLOR either (no-color.org).

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// written explains why a result could not be written, if so.
func written(err error) error {
	if err == nil {
		return nil
	}
	return hint.New(fmt.Errorf("writing the report: %w", err), "send the output to a place that takes it")
}

func colourful(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

// progress is the live line of long work. Off a terminal it is a plain line
// every few seconds.
type progress struct {
	w    io.Writer
	live bool

	mu    sync.Mutex
	shown int // width of the line on the screen
	last  time.Time
}

// plainInterval is between two lines of progress in a log.
const plainInterval = 5 * time.Second

func newProgress(w io.Writer) *progress {
	return &progress{w: w, live: isTerminal(w), last: time.Now()}
}

func (p *progress) show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		if time.Since(p.last) >= plainInterval {
			p.last = time.Now()
			fmt.Fprintln(p.w, line)
		}
		return
	}
	if width, _, err := term.GetSize(int(p.w.(*os.File).Fd())); err == nil && len(line) >= width {
		line = line[:max(0, width-1)]
	}
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(0, p.shown-len(line))))
	p.shown = len(line)
}

// clear takes the live line off the screen.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.shown > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.shown))
		p.shown = 0
	}
}

// Write lets other text pass: the line makes room for it.
func (p *progress) Write(b []byte) (int, error) {
	p.clear()
	return p.w.Write(b)
}
