package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// What is read of a text, in bytes. An object of Kubernetes has less than 1.5 MiB.
const (
	maxDocument = 16 << 20 // of one document; a List may have many objects
	maxHeld     = 64 << 20 // of a text that has to be held as a whole
)

var errTooLarge = fmt.Errorf("larger than %d MiB, so it is not read", maxHeld>>20)

// readFile reads the objects of the file at that path.
func (m *Manifests) readFile(ctx context.Context, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		m.unread(path, err)
	case info.Mode().IsRegular():
		m.readDocuments(ctx, path)
	case info.Mode()&os.ModeSocket != 0 || info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		m.unread(path, errNotAFile)
	default:
		m.readAll(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) })
	}
}

// readDocuments reads the objects of a file, of which one document at a time is in memory.
func (m *Manifests) readDocuments(ctx context.Context, path string) {
	r, err := os.Open(path)
	if err != nil {
		m.unread(path, err)
		return
	}
	defer r.Close()
	f := &object.File{Name: path}
	m.Files = append(m.Files, f)
	m.keep(f)
	m.objects(ctx, f, r)
}

// readAll reads the objects of a text that can be read only once.
func (m *Manifests) readAll(ctx context.Context, name string, open func() (io.ReadCloser, error)) {
	data, err := textOf(ctx, open)
	if err == nil && len(data) > maxHeld {
		err = hint.New(errTooLarge, "write it to a file: that is read document by document")
	}
	if err != nil {
		m.unread(name, err)
		return
	}
	f := &object.File{Name: name, Data: data}
	m.Files = append(m.Files, f)
	m.keep(f)
	m.objects(ctx, f, bytes.NewReader(data))
}

// textOf reads at most maxHeld and one byte. To open or read a pipe may mean to wait for
// another program: the end of ctx ends the wait.
func textOf(ctx context.Context, open func() (io.ReadCloser, error)) (data []byte, err error) {
	done := make(chan struct{})
	var text []byte
	var failed error
	go func() {
		defer close(done)
		f, err := open()
		if err != nil {
			failed = err
			return
		}
		defer f.Close()
		text, failed = io.ReadAll(io.LimitReader(f, maxHeld+1))
	}()
	select {
	case <-done:
		return text, failed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// text reads a file of which only the lines are needed.
func (m *Manifests) text(path string) (*object.File, error) {
	if f := m.File(path); f != nil && f.Data != nil {
		return f, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &object.File{Name: path, Data: data}
	m.keep(f)
	return f, nil
}

// objects reads the objects of f from r, and returns them. What comes after a document that
// is too large, or no text, is not read.
func (m *Manifests) objects(ctx context.Context, f *object.File, r io.Reader) (judged []*object.Packed) {
	m.documents.Reset(r, maxDocument)
	for ctx.Err() == nil {
		part, err := m.documents.Next()
		switch line := binary(part.Text); {
		case errors.Is(err, io.EOF):
			return judged
		case errors.Is(err, document.ErrTooLarge):
			m.Unread = append(m.Unread, errTooLargeAt(f.Name, part.Line))
			return judged
		case err != nil:
			m.unread(f.Name, err)
			return judged
		case line > 0:
			m.Unread = append(m.Unread, fmt.Errorf("%s%w", document.At(f.Name, part.Line-1+line, 1, ""), errNotText))
			return judged
		}
		if f.Data == nil {
			f.Passed(part)
		}
		judged = append(judged, m.part(f, part)...)
	}
	return judged
}

func errTooLargeAt(name string, line int) error {
	return hint.New(errors.New(document.At(name, line, 1, fmt.Sprintf("a document larger than %d MiB: it is not read, nor is what comes after it", maxDocument>>20))),
		"split it: an object of Kubernetes has less than 1.5 MiB")
}

// part reads the objects of one document of f, and returns those that are judged.
func (m *Manifests) part(f *object.File, part document.Part) (judged []*object.Packed) {
	skipped, errs := object.ReadPart(f, part, func(o *object.Object) {
		if why := unfit(o); why != "" {
			m.skip(f.Name, o.Pos().Line, why)
		} else {
			judged = append(judged, m.packer.Pack(o))
		}
	})
	m.Skipped = append(m.Skipped, skipped...)
	m.Unread = append(m.Unread, errs...)
	m.Objects = append(m.Objects, judged...)
	return judged
}

// unfit is why an object is not judged, "" if it is.
func unfit(o *object.Object) string {
	switch {
	case o.Is("apiextensions.k8s.io", "CustomResourceDefinition"):
		return "a CustomResourceDefinition, which has no pods"
	case o.Group == "apps" && o.Kind != "ControllerRevision" && !o.Get("spec", "selector").Present() && !selectsItsLabels(o):
		// Kubernetes refuses a workload of apps/v1 without it.
		return "a patch, or not complete: " + o.Kind + " without spec.selector"
	}
	return ""
}

// selectsItsLabels reports whether a workload without a selector selects the labels of
// its template, as those of apps/v1beta1 do.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
func selectsItsLabels(o *object.Object) bool {
	return o.Get("apiVersion").Text() == "apps/v1beta1" && o.Get("spec", "template", "metadata", "labels").Present()
}

// binary is the number of the first line that is not text, 0 if there is none. UTF-16,
// which YAML allows, is not text here.
func binary(data []byte) int {
	at := bytes.IndexByte(data, 0)
	if at < 0 && !utf8.Valid(data) {
		for at = 0; ; {
			r, size := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
	}
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:at], []byte("\n"))
}
