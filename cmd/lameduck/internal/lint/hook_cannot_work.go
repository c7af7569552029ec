package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// A hook that fails delays nothing: the kubelet reports FailedPreStopHook and sends the
// stop signal at once.
var ruleHookCannotWork = rule{
	id:    "hook-cannot-work",
	title: "The preStop hook cannot work",
	why: "When a preStop hook fails, the kubelet reports FailedPreStopHook and sends the stop signal at once: the nodes get no time to remove the endpoint, and new connections are refused. " +
		"An exec hook runs in the container, without a shell: the image has to have the program, and &&, $NAME and quotes have a meaning only within the one argument of sh -c.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
		"https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#lifecycle",
		"https://github.com/GoogleContainerTools/distroless",
	},
	severity: Error,
	check:    eachWorkload(hookCannotWork),
}

func hookCannotWork(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		if v := c.PreStop(); v.Present() && !refusesHook(c, v, r) && len(w.Traffic()) > 0 {
			failingCommand(c, v.Get("exec", "command"), r)
			failingRequest(c, v.Get("httpGet"), r)
			emptySleep(c, v, r)
		}
	}
}

var handlers = []string{"exec", "httpGet", "sleep", "tcpSocket"}

// refusesHook reports what Kubernetes refuses, or never runs.
func refusesHook(c *model.Container, v object.Value, r *report) bool {
	var found []string
	for _, h := range handlers {
		if v.Get(h).Present() {
			found = append(found, h)
		}
	}
	o := c.Workload.Object
	switch {
	case len(found) > 1:
		r.add(o, v, "Kubernetes refuses a preStop hook with %s: one handler is allowed", strings.Join(found, " and ")).
			because("container %s", c.Name).cure("keep one of them; an exec hook can do both one after the other, with sh -c")
	case slices.Equal(found, []string{"tcpSocket"}):
		r.add(o, v.Get("tcpSocket"), "Kubernetes runs no preStop hook of the kind tcpSocket: the hook fails, and the stop signal is sent at once").
			because("the field is kept for old manifests only").cure("use sleep: {seconds: %d} in its place", model.DrainDelay)
	case len(found) == 0 && len(slices.Collect(names(v))) == 0:
		r.add(o, v, "Kubernetes refuses a preStop hook without a handler").because("container %s", c.Name).cure("give it sleep: {seconds: %d}, or remove it", model.DrainDelay)
	default:
		return len(found) == 0
	}
	return true
}

func names(v object.Value) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range v.Fields() {
			if !yield(name) {
				return
			}
		}
	}
}

// failingCommand reports an exec hook that fails, or does not run what it names.
func failingCommand(c *model.Container, v object.Value, r *report) {
	words := v.Texts()
	if len(words) == 0 {
		return
	}
	fails := func(why string, args ...any) *Finding {
		return r.add(c.Workload.Object, v, "preStop %s fails and delays nothing: %s", model.Short(words), fmt.Sprintf(why, args...)).
			because("container %s, image %s; a hook that fails is reported as FailedPreStopHook", c.Name, c.Image().Text)
	}
	call, isShell := script.StartsShell(words)
	switch program := path.Base(words[0]); {
	case c.Image().NoShell() && slices.Contains(basicTools, program) && !mounts(c, words[0]):
		f := fails("the image has no %s", program)
		if n, ok := onlySleeps(words); ok {
			f.cure("use the sleep of the kubelet: sleep: {seconds: %d} in place of exec", n).replaceHook(c, n)
		} else {
			f.cure("use the sleep of the kubelet, sleep: {seconds: %d}, or a program that the image has", model.DrainDelay)
		}
	case len(words) == 1 && strings.ContainsAny(words[0], " ;&|"):
		fails("there is no program of that name, because an exec hook runs without a shell").
			cure("write it as [\"sh\", \"-c\", %q]", words[0]).by(v, nil, []string{"sh", "-c", words[0]})
	case isShell && call.Word == 0:
		fails("%s has nothing to run", program).cure("give it -c and a command, such as [\"sh\", \"-c\", \"sleep %d\"]", model.DrainDelay)
	case isShell && !call.InArg && isCommand(words[call.Word]):
		line := strings.Join(words[call.Word:], " ")
		fails("without -c %s takes %s for the name of a script", program, model.Short(words[call.Word:call.Word+1])).
			cure("write [%q, \"-c\", %q]", words[0], line).by(v, nil, []string{words[0], "-c", line})
	case isShell && call.InArg && call.Word+1 < len(words) && slices.Contains(basicTools, path.Base(words[call.Word])):
		line := strings.Join(words[call.Word:], " ")
		fails("%s -c takes one argument, so it runs %s without %s", program, model.Short(words[call.Word:call.Word+1]), model.Short(words[call.Word+1:])).
			cure("write the line as one argument: [%q, \"-c\", %q]", words[0], line).by(v, nil, []string{words[0], "-c", line})
	case isShell && call.InArg && quotesALine(words[call.Word]):
		line, whole := script.QuotedLine(words[call.Word])
		f := fails("the quotes make the command and its arguments one name, and there is no program %s", model.Short([]string{line})).
			cure("write it without the quotes: [%q, \"-c\", %q]", words[0], line)
		if whole {
			f.by(v, nil, append(slices.Clone(words[:call.Word]), line))
		} else {
			f.cure("write %s without the quotes", model.Short([]string{line}))
		}
	case !isShell && program != "find" && slices.ContainsFunc(words[1:], isOperator):
		line := strings.Join(words, " ")
		f := fails("an exec hook runs without a shell, so %s gets %s as an argument", program, model.Short(words[1+slices.IndexFunc(words[1:], isOperator):][:1])).
			cure("write it as [\"sh\", \"-c\", %q]", line)
		if !strings.ContainsAny(line, "'\"\\$`*?()<>#~") {
			f.by(v, nil, []string{"sh", "-c", line})
		}
	case program == "sleep" && slices.ContainsFunc(words[1:], func(w string) bool { return strings.Contains(w, "$") }):
		line := strings.NewReplacer("$(", "$", ")", "").Replace(strings.Join(words, " "))
		fails("Kubernetes expands no variables in the command of a hook").
			cure("let a shell do it: [\"sh\", \"-c\", %q]", line)
	}
}

// quotesALine reports whether the first command of a script is a basic tool with its
// arguments, all in one pair of quotes.
func quotesALine(text string) bool {
	line, _ := script.QuotedLine(text)
	words := strings.Fields(line)
	return len(words) > 1 && slices.Contains(basicTools, path.Base(words[0]))
}

// replaceHook replaces the exec hook by the sleep of the kubelet.
func (f *Finding) replaceHook(c *model.Container, seconds int) *Finding {
	return f.by(c.PreStop(), []string{"sleep"}, edit.Fields{{Name: "seconds", To: seconds}}).by(c.PreStop(), []string{"exec"}, nil)
}

// onlySleeps reads sleep 10 and sh -c "sleep 10".
func onlySleeps(words []string) (seconds int, ok bool) {
	if call, isShell := script.StartsShell(words); isShell && call.InArg && call.Word == len(words)-1 {
		words = strings.Fields(words[call.Word])
	}
	if len(words) != 2 || path.Base(words[0]) != "sleep" {
		return 0, false
	}
	t := script.Sleeps(words[1:])
	return t.Planned, !t.Endless && !t.Open && t.Planned > 0
}

// basicTools are programs that an image without a shell does not have.
var basicTools = []string{"sh", "bash", "ash", "dash", "sleep", "kill", "killall", "pkill", "curl", "wget", "cat", "echo", "touch", "test", "nc", "grep", "timeout", "env"}

// isCommand reports whether a word is a command line or one of basicTools, and so no script.
func isCommand(word string) bool {
	return strings.ContainsAny(word, " ;") || slices.Contains(basicTools, path.Base(word))
}

func isOperator(word string) bool {
	return slices.Contains([]string{"&&", "||", ";", "|", "&"}, word) || len(word) > 1 && strings.HasSuffix(word, ";")
}

// mounts reports whether a volume is mounted over that path.
func mounts(c *model.Container, program string) bool {
	return slices.ContainsFunc(c.Get("volumeMounts").Items(), func(m object.Value) bool {
		at := strings.TrimSuffix(m.Get("mountPath").Text(), "/") + "/"
		return strings.HasPrefix(program, at)
	})
}

// failingRequest reports an httpGet hook that has no port, or uses another protocol than
// the server.
func failingRequest(c *model.Container, v object.Value, r *report) {
	port := v.Get("port")
	if !v.Present() || !port.Present() {
		return
	}
	if _, isNumber := port.Int(); !isNumber && !c.HasPort(port.Text()) {
		r.add(c.Workload.Object, port, "preStop httpGet fails and delays nothing: container %s has no port named %s", c.Name, model.Short([]string{port.Text()})).
			because("the kubelet looks the name up among the ports of the container").
			cure("declare it under ports of the container, or write the number")
		return
	}
	for _, probe := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
		get := c.Get(probe, "httpGet")
		if !get.Present() || c.PortNumber(get.Get("port").Text()) != c.PortNumber(port.Text()) {
			continue
		}
		if ours, theirs := scheme(v), scheme(get); ours != theirs {
			f := r.add(c.Workload.Object, v, "preStop httpGet uses %s on port %s, and the %s uses %s on it", ours, port.Text(), probe, theirs).
				cure("set scheme of the hook to %s", theirs).by(v, []string{"scheme"}, theirs)
			if ours == "HTTPS" {
				f.as(Info).because("the kubelet asks again with HTTP when it gets a response without TLS, and leaves an event LifecycleHTTPFallback")
			} else {
				f.as(Warning).because("a server with TLS answers 400 to a request without TLS: the hook has then succeeded, but the server has done nothing")
			}
			return
		}
	}
}

func scheme(get object.Value) string {
	if s := get.Get("scheme").Text(); s != "" {
		return s
	}
	return "HTTP"
}

// emptySleep reports a hook that only sleeps for 0 s.
func emptySleep(c *model.Container, v object.Value, r *report) {
	if !c.SleepsForNoTime() || !c.Serves() {
		return
	}
	f := r.add(c.Workload.Object, v, "preStop sleep of 0 s delays nothing: container %s gets the stop signal while new connections are still routed to it", c.Name).as(Warning).
		because("the nodes take about %d s to learn that the endpoint is terminating", model.DrainDelay).
		cure("set it to %d s", model.DrainDelay)
	if seconds := v.Get("sleep", "seconds"); seconds.Present() {
		f.by(seconds, nil, model.DrainDelay)
	} else {
		f.replaceHook(c, model.DrainDelay)
	}
}
