package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Progress is the live line of long work. Off a terminal it is a plain line
// every few seconds.
type Progress struct {
	w    io.Writer
	live bool

	mu    sync.Mutex
	shown int // width of the line on the screen, in characters
	last  time.Time
}

// plainInterval is between two lines of progress in a log.
const plainInterval = 5 * time.Second

// NewProgress writes its lines to w.
func NewProgress(w io.Writer) *Progress {
	return &Progress{w: w, live: isTerminal(w), last: time.Now()}
}

// Show replaces the line.
func (p *Progress) Show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		if time.Since(p.last) >= plainInterval {
			p.last = time.Now()
			fmt.Fprintln(p.w, line)
		}
		return
	}
	text := []rune(line)
	if width, _, err := term.GetSize(int(p.w.(*os.File).Fd())); err == nil && len(text) >= width {
		text = text[:max(0, width-1)]
	}
	fmt.Fprintf(p.w, "\r%s%s", string(text), strings.Repeat(" ", max(0, p.shown-len(text))))
	p.shown = len(text)
}

// Clear takes the live line off the screen.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.shown > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.shown))
		p.shown = 0
	}
}

// Write lets other text pass: the line makes room for it.
func (p *Progress) Write(b []byte) (int, error) {
	p.Clear()
	return p.w.Write(b)
}
