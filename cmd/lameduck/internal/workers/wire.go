package workers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// protocol changes whenever a worker and a coordinator of two versions would
// not understand each other.
const protocol = 1

// longest is the longest line in bytes: a batch of attempts that all failed
// with long details is far below.
const longest = 4 << 20

// order is what the coordinator tells a worker. One of its fields is set.
type order struct {
	Hello bool        `json:"hello,omitempty"` // introduce yourself
	Ping  uint64      `json:"ping,omitempty"`  // say what your clock says
	Start *assignment `json:"start,omitempty"`
	Stop  bool        `json:"stop,omitempty"`  // begin no more attempts, wait for those under way
	Abort bool        `json:"abort,omitempty"` // give up those under way
}

// word is what a worker tells the coordinator. One of its fields is set.
type word struct {
	Hello    *hello             `json:"hello,omitempty"`
	Pong     *pong              `json:"pong,omitempty"`
	Started  bool               `json:"started,omitempty"` // the assignment is accepted
	Attempts []timeline.Attempt `json:"attempts,omitempty"`
	Done     *done              `json:"done,omitempty"`   // after the last attempt of a load
	Failed   string             `json:"failed,omitempty"` // the worker ends, and why
}

// hello is who a worker is.
type hello struct {
	Protocol int    `json:"protocol"`
	Version  string `json:"version"`
	Pod      string `json:"pod"`
	Node     string `json:"node"`
	Control  string `json:"control"` // where it is a control target
}

// pong answers a ping. Moments are on the worker's own clock.
type pong struct {
	Ping     uint64        `json:"ping"`
	Heard    time.Duration `json:"heard"`
	Answered time.Duration `json:"answered"`
	Wall     time.Time     `json:"wall"` // its wall clock, when it answered
}

// assignment is the load of one worker.
type assignment struct {
	Targets     []string      `json:"targets"` // host:port; a name is resolved at each dial
	Control     string        `json:"control"` // host:port
	Begin       time.Duration `json:"begin"`   // on the worker's clock
	Patterns    []string      `json:"patterns"`
	Rate        int           `json:"rate"` // zero: no traffic at all
	Method      string        `json:"method"`
	Path        string        `json:"path"`
	Host        string        `json:"host"`
	PodHeader   string        `json:"pod_header,omitempty"`
	Connections int           `json:"connections"`
	Underway    int           `json:"underway"`
	DialTimeout time.Duration `json:"dial_timeout"`
	Timeout     time.Duration `json:"timeout"`
}

// done is how many attempts a load made.
type done struct {
	Counts []count `json:"counts"`
}

// lines reads what the other side says, a line at a time.
type lines struct{ *bufio.Scanner }

func newLines(r io.Reader) lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), longest)
	s.Split(wholeLines)
	return lines{s}
}

// wholeLines leaves out what a stream that broke had begun to say: why it
// broke tells more.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if atEOF && bytes.IndexByte(data, '\n') < 0 {
		return len(data), nil, nil
	}
	return bufio.ScanLines(data, false)
}

// next is the next line, or io.EOF.
func (l lines) next() ([]byte, error) {
	if l.Scan() {
		return l.Bytes(), nil
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func parseOrder(line []byte) (o order, err error) {
	err = parse(line, &o)
	if err == nil && only(o.Hello, o.Ping != 0, o.Start != nil, o.Stop, o.Abort) != nil {
		err = errNotOne
	}
	return o, err
}

func parseWord(line []byte) (w word, err error) {
	err = parse(line, &w)
	if err == nil && only(w.Hello != nil, w.Pong != nil, w.Started, len(w.Attempts) > 0, w.Done != nil, w.Failed != "") != nil {
		err = errNotOne
	}
	return w, err
}

func parse(line []byte, into any) error {
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("a line of %d bytes that is none of the protocol: %w", len(line), err)
	}
	return nil
}

var errNotOne = errors.New("a message of the protocol has to have one content")

func only(set ...bool) error {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	if n != 1 {
		return errNotOne
	}
	return nil
}

// write writes a message with one call of Write.
func write(to io.Writer, message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}
