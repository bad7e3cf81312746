package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"stoa/internal/stack/tools"
)

func toolsCommand(place *place) *cobra.Command {
	var copyTo, kubernetes string
	var mtls, official, former, scalers bool
	cmd := &cobra.Command{
		Use:   "tools",
		Short: "Build the Dapr sidecar unless a suitable one is installed",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			progress := tools.NewProgress(cmd.OutOrStdout())
			defer progress.Stop()
			if mtls {
				if _, err := tools.InstallSentry(cmd.Context(), root, progress); err != nil {
					return err
				}
			}
			if scalers {
				return tools.InstallScalers(cmd.Context(), root, progress)
			}
			if kubernetes != "" {
				return tools.InstallKubernetes(cmd.Context(), root, kubernetes, progress)
			}
			install := tools.InstallDaprd
			switch {
			case official:
				install = tools.InstallOfficialDaprd
			case former:
				install = tools.InstallFormerDaprd
			}
			path, err := install(cmd.Context(), root, copyTo != "", progress)
			if err != nil || copyTo == "" {
				return err
			}
			return copyProgram(path, filepath.Join(copyTo, "daprd"))
		}),
	}
	cmd.Flags().StringVar(&copyTo, "copy", "", "copy the sidecar into this folder, for an image; it needs no C library")
	cmd.Flags().BoolVar(&mtls, "mtls", false, "also build the certificate authority, for stoa up --mtls")
	cmd.Flags().BoolVar(&former, "former", false, "the sidecar of Dapr's version before, for tests of upgrades")
	cmd.Flags().BoolVar(&official, "official", false, "the official sidecar with all components instead; STOA_DAPRD=PATH makes Stoa use it")
	cmd.Flags().StringVar(&kubernetes, "kubernetes", "", "instead, build what a test cluster consists of, and link its programs into this folder")
	cmd.Flags().BoolVar(&scalers, "scalers", false, "instead, build what scales apps on a test cluster: KEDA and metrics-server")
	return cmd
}

func copyProgram(from, to string) error {
	program, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, program, 0o755)
}
