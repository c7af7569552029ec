package lint

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// Unknown reports a field that Kubernetes does not have at this place. Its name is
// misspelt, or it is a field of an object around it, or within that. A name that is similar
// to no other may be of other software, or of a newer Kubernetes.
func (c *strictCheck) Unknown(at *manifest.Place) {
	p, name, v := at.Around, at.Key.Value, c.value(at)
	if !c.first(v) {
		return
	}
	_, selects := (*p.Of)["matchLabels"]
	similar, sure := p.Of.Similar(name)
	sure = sure && (*p.Of)[similar].List == (v.Node().Kind == document.SequenceNode)
	switch {
	case selects && v.Node().Kind == document.ScalarNode:
		c.misplaced(at, p, []string{"matchLabels"})
	case similar != "" && c.value(p).Field(similar).Present():
		c.dropped(at).cure("remove %s: %s is there too", document.Display(name), similar)
	case sure:
		c.misspelt(at, similar).by(c.value(p), []string{name}, edit.Name(similar))
	case p.Outside(name) != nil:
		c.misplaced(at, p.Outside(name), nil)
	case c.inside(at):
	case similar != "":
		c.misspelt(at, similar)
	default:
		c.dropped(at).as(Info).cure("remove %s, or check whether it comes from a newer Kubernetes than this version of lameduck knows", document.Display(name))
	}
}

func (c *strictCheck) dropped(at *manifest.Place) *Finding {
	return c.add(c.object, c.value(at), "Kubernetes has no field %s: it is dropped, or the object is refused", c.path(at))
}

func (c *strictCheck) misspelt(at *manifest.Place, right string) *Finding {
	return c.dropped(at).cure("rename %s to %s", document.Display(at.Key.Value), right)
}

// ofContainers are fields that only containers have, so that --fix can move them there.
var ofContainers = []string{"lifecycle", "preStop", "postStart", "readinessProbe", "livenessProbe", "startupProbe"}

// inside reports a field that an object within the one around it has; it is false if none has.
func (c *strictCheck) inside(at *manifest.Place) bool {
	name, to := at.Key.Value, at.Around
	path := to.Of.PathTo(name)
	if path == nil {
		return false
	}
	if !slices.Contains(ofContainers, name) {
		c.dropped(at).cure("move %s to %s", document.Display(name), strings.TrimPrefix(c.path(to)+"."+strings.Join(path, "."), "."))
		return true
	}
	for ; len(path) > 0; path = path[1:] {
		field, v := (*to.Of)[path[0]], c.value(to).Field(path[0])
		next := to.Below(document.Field{Key: v.Key(), Value: v.Node()})
		next.Of = field.Of
		switch items := v.Items(); {
		case len(items) == 1:
			next.Value, next.Item = items[0].Node(), 0
		case len(items) > 1 || field.List:
			c.dropped(at).cure("move %s to the item of %s that it belongs to", name, c.child(to, path[0]))
			return true
		case !v.Present():
			c.misplaced(at, to, path)
			return true
		}
		to = next
	}
	c.misplaced(at, to, nil)
	return true
}

// misplaced reports a field that belongs to the object to or, where path is not empty, to
// one below to that is missing.
func (c *strictCheck) misplaced(at, to *manifest.Place, path []string) {
	f, name := c.dropped(at), at.Key.Value
	where := strings.Trim(c.path(to)+"."+strings.Join(path, "."), ".")
	if where == "" {
		where = "the " + c.object.Kind + " itself"
	}
	if old := c.value(to).Get(append(slices.Clone(path), name)...); old.Present() {
		f.cure("remove it: %s is a field of %s, which has it already, on line %d", name, where, old.Pos().Line)
		return
	}
	f.cure("move %s to %s", name, where).
		by(c.value(to), append(slices.Clone(path), name), c.value(at)).
		by(c.value(at.Around), []string{name}, nil)
}
