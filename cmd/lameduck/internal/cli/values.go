package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// actions are what the help shows of each action.
var actions = []entry{
	{string(timeline.Rollout), "replace every pod by the update strategy of the workload"},
	{string(timeline.Delete), "delete all pods at once; their controller replaces them"},
	{string(timeline.ScaleDown), "remove half of the replicas; it needs two"},
	{string(timeline.Evict), "remove one pod through the Eviction API, as kubectl drain does"},
	{string(timeline.DrainNode), "on a cluster: cordon a node and evict the pods of the workload from it"},
	{string(timeline.Watch), "on a cluster: only observe, while you replace the pods"},
}

// parseAction reads the name of an action. where is the stage that has no others than
// those of has, as in "on a cluster".
func parseAction(name, where string, has []timeline.Action) (timeline.Action, error) {
	if a := timeline.Action(name); slices.Contains(has, a) {
		return a, nil
	}
	names := make([]string, len(has))
	for i, a := range has {
		names[i] = string(a)
	}
	err := fmt.Errorf("unknown action %q", name)
	if slices.ContainsFunc(actions, func(e entry) bool { return e.name == name }) {
		err = fmt.Errorf("there is no action %q %s", name, where)
	}
	return "", hint.New(err, hint.DidYouMean(name, names, where+" use one of "+strings.Join(names, ", ")))
}

// valuesOfFlags are lists of what flags of verify take, for its help.
func valuesOfFlags() []string {
	var patterns, profiles []entry
	for _, p := range traffic.Known() {
		patterns = append(patterns, entry{p.Name, p.Summary})
	}
	for _, p := range lab.Profiles {
		profiles = append(profiles, entry{p.Name, p.Doc})
	}
	return []string{listing("Actions (--action)", actions), listing("Traffic patterns (--traffic)", patterns), listing("Propagation profiles (--propagation)", profiles)}
}
