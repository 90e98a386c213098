// Command netpol-oracle answers what NetworkPolicies let pods send, by the rules of the agent kube-network-policies.
//
// Each line of standard input is a cluster with packets, each line of standard output the answers, in their order:
//
//	{"namespaces":[…],"pods":[…],"policies":[…],"packets":[{"from":"10.0.0.1","to":"10.0.0.2","port":80,"protocol":"TCP"}]}
//	[true]
//
// The objects are those of the API. Only what leaves the sender is asked: policies for ingress are read and say nothing.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

type question struct {
	Namespaces []*corev1.Namespace           `json:"namespaces"`
	Pods       []*corev1.Pod                 `json:"pods"`
	Policies   []*networkingv1.NetworkPolicy `json:"policies"`
	Packets    []packet                      `json:"packets"`
}

type packet struct {
	From     string          `json:"from"`
	To       string          `json:"to"`
	Port     int             `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
}

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "netpol-oracle:", err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		answers, err := asked.answer()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(answers); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (asked *question) answer() ([]bool, error) {
	evaluator, err := asked.evaluator()
	if err != nil {
		return nil, err
	}
	pods := asked.podsByAddress()
	answers := make([]bool, 0, len(asked.Packets))
	for _, sent := range asked.Packets {
		from, to := net.ParseIP(sent.From), net.ParseIP(sent.To)
		if from == nil || to == nil {
			return nil, fmt.Errorf("a packet from %q to %q", sent.From, sent.To)
		}
		onWire := &network.Packet{SrcIP: from, DstIP: to, DstPort: sent.Port, Proto: sent.Protocol}
		verdict, err := evaluator.EvaluateEgress(context.Background(), onWire, pods[from.String()], pods[to.String()])
		if err != nil {
			return nil, err
		}
		answers = append(answers, verdict != api.VerdictDeny)
	}
	return answers, nil
}

// evaluator is the agent's own, fed from the question instead of an API server.
func (asked *question) evaluator() (*networkpolicy.StandardNetworkPolicy, error) {
	factory := informers.NewSharedInformerFactory(nil, 0)
	namespaces, pods := factory.Core().V1().Namespaces(), factory.Core().V1().Pods()
	policies := factory.Networking().V1().NetworkPolicies()
	evaluator := networkpolicy.NewStandardNetworkPolicy("node", namespaces, pods, policies)
	for _, policy := range asked.Policies {
		served, err := asServed(policy)
		if err != nil {
			return nil, err
		}
		if err := policies.Informer().GetStore().Add(served); err != nil {
			return nil, err
		}
	}
	return evaluator, nil
}

func (asked *question) podsByAddress() map[string]*api.PodInfo {
	namespaces := map[string]map[string]string{}
	for _, namespace := range asked.Namespaces {
		namespaces[namespace.Name] = namespace.Labels
	}
	pods := map[string]*api.PodInfo{}
	for _, pod := range asked.Pods {
		for _, address := range pod.Status.PodIPs {
			pods[net.ParseIP(address.IP).String()] = api.NewPodInfo(pod, namespaces[pod.Namespace], nil, "")
		}
	}
	return pods
}

// asServed is the policy as an agent gets it: with what the API server fills in, and without the difference between an
// empty list and none, which its storage does not know.
func asServed(policy *networkingv1.NetworkPolicy) (*networkingv1.NetworkPolicy, error) {
	fill(policy)
	stored, err := policy.Marshal()
	if err != nil {
		return nil, err
	}
	served := &networkingv1.NetworkPolicy{}
	return served, served.Unmarshal(stored)
}

// fill does what the API reference says of fields that are left out.
func fill(policy *networkingv1.NetworkPolicy) {
	spec := &policy.Spec
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	for _, rule := range spec.Egress {
		for index := range rule.Ports {
			if rule.Ports[index].Protocol == nil {
				tcp := corev1.ProtocolTCP
				rule.Ports[index].Protocol = &tcp
			}
		}
	}
}
