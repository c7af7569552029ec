package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cluster"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// complete is what a shell may offer for verify: workloads and Services of the
// cluster, and the values of flags.
func (v *verify) complete(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // a program and its arguments
		}
		access, err := cluster.Connect(v.kubeconfig, v.context, v.namespace)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 3*time.Second)
		defer cancel()
		return cluster.Complete(ctx, access.Client, access.Namespace, begun), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	for flag, namesOf := range map[string][]string{
		"action": namesOf(actions, func(e entry) string { return e.name }), "output": {"text", "json"},
		"traffic":     append(namesOf(traffic.Known(), func(p traffic.Pattern) string { return p.Name }), "all"),
		"propagation": namesOf(lab.Profiles, func(p lab.Profile) string { return p.Name }),
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(namesOf, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // there is no such flag
		}
	}
}

func namesOf[T any](all []T, word func(T) string) []string {
	list := make([]string, len(all))
	for i, v := range all {
		list[i] = word(v)
	}
	return list
}
