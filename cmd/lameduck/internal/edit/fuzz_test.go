package edit

import (
	"bytes"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// FuzzApply changes any value of any text: the result means what was wanted, or there
// is an error, and to set it once more changes nothing.
func FuzzApply(f *testing.F) {
	for i, test := range tests {
		f.Add([]byte(head+test.text), uint(i), uint(i/3), "a b")
		f.Add([]byte(head+test.text+"---\n"+head+test.text), uint(2*i), uint(i), "30")
	}
	f.Fuzz(func(t *testing.T, data []byte, which, how uint, text string) {
		file := &object.File{Name: "a.yaml", Data: data}
		objects, _, _ := object.Read(file)
		var all []object.Value
		for _, o := range objects {
			all = within(all, o.Value)
		}
		if len(all) == 0 {
			return
		}
		v := all[which%uint(len(all))]
		c := Change{In: v}
		switch how % 8 {
		case 0:
			c.To = int(which)
		case 1:
			c.To = text
		case 2:
			c.To = []string{text, "x"}
		case 3:
			c.To = Fields{{text, int(how)}, {"x", Fields{{"z", "1"}}}}
		case 4:
			c.Path, c.To = []string{text, "x"}, int(which)
		case 5:
			c.Path, c.To = []string{text}, all[how%uint(len(all))]
		case 6:
			c.To = Name(text)
		}
		got, err := Apply(file, []Change{c})
		if err != nil || c.To == nil || !v.Present() { // what is empty has its place before the space
			return
		}
		if _, moves := c.To.(object.Value); moves {
			return
		}
		if _, renames := c.To.(Name); renames {
			return
		}
		again := &object.File{Name: "a.yaml", Data: got}
		left, _, _ := object.Read(again)
		if len(left) != len(objects) {
			return // the change made another thing of the object
		}
		all = all[:0]
		for _, o := range left {
			all = within(all, o.Value)
		}
		for _, v := range all {
			if v.Pos() != c.In.Pos() {
				continue
			}
			twice, err := Apply(again, []Change{{In: v, Path: c.Path, To: c.To}})
			if err == nil && bytes.Equal(twice, got) {
				return
			}
		}
		t.Errorf("%q, then %q: the same change once more changes something", data, got)
	})
}

// within adds v and what is in it.
func within(all []object.Value, v object.Value) []object.Value {
	all = append(all, v)
	for _, field := range v.Fields() {
		all = within(all, field)
	}
	for _, item := range v.Items() {
		all = within(all, item)
	}
	return all
}
