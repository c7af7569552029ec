package timeline

// Action is one way in which pods are replaced or removed.
type Action string

// The actions. Which of them a stage has is in its package, with how it runs them.
const (
	Rollout   Action = "rollout"    // replaces every pod by the update strategy of the workload
	Delete    Action = "delete"     // deletes all pods at once; their controller replaces them
	ScaleDown Action = "scale-down" // halves the replicas, rounding up; it needs two
	Evict     Action = "evict"      // removes one pod through the Eviction API
	DrainNode Action = "drain-node" // cordons one node and evicts the pods of the workload that are on it
	Watch     Action = "watch"      // only observes: the user replaces the pods
)
