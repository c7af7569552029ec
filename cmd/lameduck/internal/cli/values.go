package cli

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cluster"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// actions are what the help shows of each action.
var actions = []entry{
	{string(lab.Rollout), "replace every pod by the update strategy of the workload"},
	{string(lab.Delete), "delete all pods at once; their controller replaces them"},
	{string(lab.ScaleDown), "remove half of the replicas; it needs two"},
	{string(lab.Evict), "remove one pod through the Eviction API, as kubectl drain does"},
	{string(cluster.DrainNode), "on a cluster: cordon a node and evict the pods of the workload from it"},
	{string(cluster.Watch), "on a cluster: only observe, while you replace the pods"},
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
