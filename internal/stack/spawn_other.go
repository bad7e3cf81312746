//go:build !linux

package stack

import "syscall"

// dieWithParent does nothing where the kernel has no such feature: there the next start ends what is left over.
func dieWithParent(*syscall.SysProcAttr) {}
