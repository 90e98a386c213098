// nfqueue-divert puts every packet that is forwarded, and does not belong to a connection that was let through, to an
// NFQUEUE; so it does with new connections to this machine itself. Both families, in the network namespace it runs in.
//
//	nfqueue-divert QUEUE
//
// Who enforces network policies does that by nftables' own statement, which few kernels are built without. This one takes
// the way of iptables-nft: xtables' target NFQUEUE in a rule of nftables. It bypasses nothing: while nobody reads the
// queue, everything is dropped.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "nfqueue-divert: %v\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("the one argument is the number of the queue")
	}
	queue, err := strconv.ParseUint(arguments[0], 10, 16)
	if err != nil {
		return fmt.Errorf("%s is no number of a queue", arguments[0])
	}
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	// xtables' targets know these two families, and not the one for both.
	for _, family := range []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		divert(connection, family, uint16(queue))
	}
	return connection.Flush()
}

func divert(connection *nftables.Conn, family nftables.TableFamily, queue uint16) {
	table := connection.AddTable(&nftables.Table{Name: "nfqueue-divert", Family: family})
	chain := func(name string, hook *nftables.ChainHook) *nftables.Chain {
		return connection.AddChain(&nftables.Chain{
			Name: name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook,
			Priority: nftables.ChainPriorityMangle,
		})
	}
	// Forwarded: whatever is not established or related. That what is invalid passes nobody by is the point.
	passed := expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED
	connection.AddRule(&nftables.Rule{
		Table: table, Chain: chain("forward", nftables.ChainHookForward),
		Exprs: append(state(passed, expr.CmpOpEq), target(queue)),
	})
	// To this machine: what is new and does not come from itself. Neighbour discovery has no state.
	foreign := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte("lo\x00")},
	}
	connection.AddRule(&nftables.Rule{
		Table: table, Chain: chain("input", nftables.ChainHookInput),
		Exprs: append(append(foreign, state(expr.CtStateBitNEW, expr.CmpOpNeq)...), target(queue)),
	})
}

// state asks whether none of these bits is set (by equality), or one of them (by inequality).
func state(bits uint32, how expr.CmpOp) []expr.Any {
	return []expr.Any{
		&expr.Ct{Register: 1, Key: expr.CtKeySTATE},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: how, Register: 1, Data: make([]byte, 4)},
	}
}

// target is xtables' NFQUEUE in its first revision: the number of the queue, padded to eight bytes.
func target(queue uint16) expr.Any {
	info := xt.Unknown(append(binaryutil.NativeEndian.PutUint16(queue), make([]byte, 6)...))
	return &expr.Target{Name: "NFQUEUE", Info: &info}
}
