package manifest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// file is what is being read: the name it has in messages, the first thing
// found wrong in it, and what was read on the way.
type file struct {
	name      string
	err       error
	notes     []string
	positions map[string]Pos
}

// value is one YAML node under the name it has in the object. What is not in
// the file is a value too, without fields, so that reading
// an object needs no checks on the way: the first thing that is wrong is kept
// in the file, and the caller gets the default.
type value struct {
	file   *file
	node   *document.Node // nil: not in the file
	path   string         // "spec.replicas"
	parent Pos            // the place to name where it's missing
}

// present is false for what isn't in the file, and for null.
func (v value) present() bool { return v.node != nil && v.node.ShortTag() != "!!null" }

// pos is where v is, or would be. An alias is where it's used.
func (v value) pos() Pos {
	if v.node == nil {
		return v.parent
	}
	return Pos{int(v.node.Line), int(v.node.Column)}
}

// fail records what is wrong with v, unless something was wrong before.
func (v value) fail(format string, args ...any) { v.failHint("", format, args...) }

func (v value) failHint(advice, format string, args ...any) {
	if v.file.err != nil {
		return
	}
	message := fmt.Sprintf(format, args...)
	if v.path != "" {
		message = v.path + ": " + message
	}
	err := errors.New(document.At(v.file.name, v.pos().Line, v.pos().Column, message))
	if advice != "" {
		err = hint.New(err, advice)
	}
	v.file.err = err
}

// wrong is an error at v's place.
func (v value) wrong(format string, args ...any) error {
	return errors.New(document.At(v.file.name, v.pos().Line, v.pos().Column, fmt.Sprintf(format, args...)))
}

// note records a setting of the file that has no effect here.
func (v value) note(format string, args ...any) {
	at := v.pos()
	v.file.notes = append(v.file.notes, document.At(v.file.name, at.Line, at.Column, fmt.Sprintf(format, args...)))
}

// get is the field of that name. Where v is no mapping, that's wrong.
func (v value) get(key string) value {
	child := value{file: v.file, path: join(v.path, key), parent: v.pos()}
	for _, f := range v.fields() {
		if f.Key.Value == key {
			child.node = f.Value
			if child.present() {
				v.file.positions[child.path] = Pos{int(f.Key.Line), int(f.Key.Column)}
			}
			return child
		}
	}
	return child
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// fields are v's own, then those it merges (<<) and doesn't override.
func (v value) fields() []document.Field {
	if !v.present() {
		return nil
	}
	if mapping := document.Deref(v.node); mapping.Kind == document.MappingNode {
		return document.Fields(mapping)
	}
	v.fail("want fields, not %s", document.Describe(v.node))
	return nil
}

// items are the entries of a list.
func (v value) items() []value {
	if !v.present() {
		return nil
	}
	list := document.Deref(v.node)
	if list.Kind != document.SequenceNode {
		v.fail("want a list, not %s", document.Describe(v.node))
		return nil
	}
	items := make([]value, len(list.Content))
	for i, n := range list.Content {
		items[i] = value{file: v.file, node: n, path: fmt.Sprintf("%s[%d]", v.path, i)}
	}
	return items
}

// text is v as a string. Kubernetes takes no number or boolean for one.
func (v value) text(def string) string {
	if !v.present() {
		return def
	}
	n := document.Deref(v.node)
	switch n.ShortTag() {
	case "!!str", "!!timestamp", "!!merge":
		return n.Value
	case "!!int", "!!float", "!!bool":
		v.failHint("put it in quotes", "want text, not %s", document.Describe(n))
	default:
		v.fail("want text, not %s", document.Describe(n))
	}
	return def
}

// required is text that has to be there.
func (v value) required() string {
	s := v.text("")
	if s == "" {
		v.fail("missing")
	}
	return s
}

// texts is a list of strings.
func (v value) texts() []string {
	var list []string
	for _, item := range v.items() {
		list = append(list, item.text(""))
	}
	return list
}

// number is a whole number of at least least, at most 2^31-1.
func (v value) number(def, least int) int {
	if !v.present() {
		return def
	}
	node := document.Deref(v.node)
	var n int64
	if node.ShortTag() != "!!int" || node.Load(&n) != nil {
		v.fail("want a whole number, not %s", document.Describe(node))
		return def
	}
	if n < int64(least) || n > math.MaxInt32 {
		v.fail("want a number from %d to %d, not %d", least, math.MaxInt32, n)
		return def
	}
	return int(n)
}

// seconds is a whole number of seconds, as Kubernetes gives all its times.
func (v value) seconds(def time.Duration, least int) time.Duration {
	if v.present() && document.Deref(v.node).ShortTag() == "!!str" {
		v.failHint("Kubernetes counts in whole seconds: 30, not 30s", "want a whole number, not %s", document.Describe(v.node))
		return def
	}
	return time.Duration(v.number(int(def/time.Second), least)) * time.Second
}

// truth is true or false, false by default.
func (v value) truth() bool {
	if !v.present() {
		return false
	}
	var b bool
	if n := document.Deref(v.node); n.ShortTag() != "!!bool" || n.Load(&b) != nil {
		v.fail("want true or false, not %s", document.Describe(n))
	}
	return b
}

// port is a port number, or the name of one.
func (v value) port() PortRef {
	if v.present() && document.Deref(v.node).ShortTag() == "!!str" {
		return PortRef{Name: v.required()}
	}
	return PortRef{Number: v.portNumber()}
}

func (v value) portNumber() int {
	n := v.number(0, 1)
	if n > math.MaxUint16 {
		v.fail("want a port from 1 to %d, not %d", math.MaxUint16, n)
	}
	return n
}

// share is a count, or a percentage such as "25%".
func (v value) share(def IntOrPercent) IntOrPercent {
	if !v.present() {
		return def
	}
	n := document.Deref(v.node)
	if n.ShortTag() != "!!str" {
		return IntOrPercent{Value: v.number(0, 0)}
	}
	digits, percent := strings.CutSuffix(n.Value, "%")
	count, err := strconv.ParseUint(digits, 10, 31)
	if !percent || err != nil {
		v.fail(`want a whole number or a percentage such as "25%%", not %s`, document.Describe(n))
		return def
	}
	return IntOrPercent{Value: int(count), Percent: true}
}
