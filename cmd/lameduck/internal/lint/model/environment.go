package model

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Environment are the variables that the manifest sets: those of envFrom first,
// which env overrides. The variables of the image are not among them.
func (c *Container) Environment() map[string]Variable {
	if c.env != nil {
		return c.env
	}
	c.env = map[string]Variable{}
	for _, from := range c.Get("envFrom").Items() {
		prefix := from.Get("prefix").Text()
		for field, kind := range configFields {
			o := c.Workload.config(kind, from.Get(field, "name").Text())
			for name, text := range dataOf(o) {
				c.env[prefix+name] = Variable{text, true, o.Kind + " " + o.Name, from}
			}
		}
	}
	for _, v := range c.Get("env").Items() {
		c.env[v.Get("name").Text()] = c.variable(v)
	}
	return c.env
}

// configFields are the fields that name an object with data, and its kind.
var configFields = map[string]string{
	"configMapRef": "ConfigMap", "secretRef": "Secret",
	"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret",
	"configMap": "ConfigMap", "secret": "Secret",
}

func (c *Container) variable(v object.Value) Variable {
	from := v.Get("valueFrom")
	if !from.Present() {
		text, known := expandVariables(v.Get("value").Text(), c.env)
		return Variable{text, known, "", v}
	}
	for field, ref := range from.Fields() {
		o := c.Workload.config(configFields[field], ref.Get("name").Text())
		if text, ok := dataOf(o)[ref.Get("key").Text()]; ok {
			return Variable{text, true, o.Kind + " " + o.Name, v}
		}
	}
	return Variable{At: v}
}

// words are the command and its arguments as the container starts them; without a
// command the arguments follow the ENTRYPOINT of the image, which is not known.
func (c *Container) words() []string {
	var words []string
	for _, field := range []string{"command", "args"} {
		for _, word := range c.Get(field).Texts() {
			text, _ := expandVariables(word, c.Environment())
			words = append(words, text)
		}
	}
	return words
}

// expandVariables replaces $(NAME) as Kubernetes does in env, command and args: $$ is a $, and
// a name without a variable stays. The text is known if all values in it are.
func expandVariables(text string, env map[string]Variable) (_ string, known bool) {
	known = true
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), known
		}
		text = rest
		if strings.HasPrefix(rest, "$") {
			b.WriteByte('$')
			text = rest[1:]
			continue
		}
		name, after, ends := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		v, set := env[name]
		if !strings.HasPrefix(rest, "(") || !ends || !set {
			b.WriteByte('$')
			continue
		}
		b.WriteString(v.Text)
		known = known && v.known
		text = after
	}
}

// config is the ConfigMap or Secret of that name, nil if the set has none.
func (w *Workload) config(kind, name string) *object.Object {
	key := Key{kind, w.Namespace, name}
	if w.lookUp != nil {
		w.lookUp(key)
	}
	return w.configs[key]
}

// dataOf is what a ConfigMap or a Secret has in text.
func dataOf(o *object.Object) map[string]string {
	if o == nil {
		return nil
	}
	data := map[string]string{}
	for _, d := range manifest.DataOf(o.Kind, o.Node()) {
		if d.Field != "binaryData" {
			data[d.Key] = d.Text
		}
	}
	return data
}

// configMaps are those that a flag of the program names, for it to read from the API server.
func (c *Container) configMaps() (all []*object.Object) {
	for _, word := range c.words() {
		name, value, _ := strings.Cut(word, "=")
		if name == "--configmap" {
			if o := c.Workload.config("ConfigMap", value[strings.LastIndexByte(value, '/')+1:]); o != nil {
				all = append(all, o)
			}
		}
	}
	return all
}
