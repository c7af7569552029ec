package timeline

import (
	"bufio"
	"encoding/json"
	"io"
)

// Writer writes a run as a stream, in constant memory. After an error it
// writes nothing more, and End returns the error. It is not for use by several
// goroutines at once.
type Writer struct {
	to   *bufio.Writer
	json *json.Encoder
	end  endLine
	err  error
}

// NewWriter writes the header: every field of the run that is known before its
// end. Attempts and Events are not written.
func NewWriter(w io.Writer, run *Run) *Writer {
	to := bufio.NewWriterSize(w, 64<<10)
	out := &Writer{to: to, json: json.NewEncoder(to)}
	out.json.SetEscapeHTML(false)
	out.write(headerLine{fileType, FileVersion, run})
	return out
}

// Event writes an event.
func (w *Writer) Event(e Event) {
	w.end.Events++
	w.write(line{Event: &e})
}

// Attempt writes an attempt as it was observed: without a pod that was
// concluded.
func (w *Writer) Attempt(a Attempt) {
	if a.PodBy != Observed {
		a.Pod, a.PodBy = "", Observed
	}
	w.end.Attempts++
	w.write(line{Attempt: inJSON(&a)})
}

// Add writes the events and attempts that a run has so far.
func (w *Writer) Add(run *Run) {
	for _, e := range run.Events {
		w.Event(e)
	}
	for i := range run.Attempts {
		w.Attempt(run.Attempts[i])
	}
}

// End writes the last line, with the Duration and Skews of the run.
func (w *Writer) End(run *Run) error {
	w.end.Duration, w.end.Skews = run.Duration, run.Skews
	w.write(line{End: &w.end})
	if w.err == nil {
		w.err = w.to.Flush()
	}
	return w.err
}

func (w *Writer) write(v any) {
	if w.err == nil {
		w.err = w.json.Encode(v)
	}
}

// Write writes a whole run.
func Write(to io.Writer, run *Run) error {
	w := NewWriter(to, run)
	w.Add(run)
	return w.End(run)
}
