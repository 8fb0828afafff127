# Process 1 of a node, in namespaces of its own (holder.ts): `sh init.sh FOLDER`. It prepares the mounts and the network, creates
# FOLDER/ready, and reaps ended processes until it is killed.
set -e
folder=$1

# Nothing that is mounted here reaches the machine.
mount --make-rprivate /
mount --make-rshared /

# The node sees its own control groups as the root. NB: the order is that of the machine, but each is mounted by its name.
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
while IFS=: read -r number names path; do
  case $names in
    '') continue ;;
    name=*) options=none,$names name=${names#name=} ;;
    *) options=$names name=$names ;;
  esac
  mkdir "/sys/fs/cgroup/$name"
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"
done < /proc/self/cgroup

# The kubelet sets these for the whole machine and checks them: it gets files with the values that it wants.
mkdir -p "$folder/sysctl"
while read -r name value; do
  file=$folder/sysctl/$(basename "$name")
  echo "$value" > "$file"
  mount --bind "$file" "/proc/sys/$name"
done <<'END'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END

# Programs have some folders built in; what they write there goes into FOLDER.
mount -t tmpfs tmpfs /run
mkdir -p /run/lock "$folder/log/pods" "$folder/lib/upper" "$folder/lib/work"
mount --bind "$folder/log" /var/log
mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$folder/lib/upper,workdir=$folder/lib/work" /var/lib
: > "$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf

# The bridge of the pods, whose address is also the node's: a kubelet refuses a loopback address.
ip link set lo up
ip link add cni0 type bridge
ip address add 10.244.0.1/24 dev cni0
ip link set cni0 up
ip route add default via 10.244.0.1 dev cni0
echo 1 > /proc/sys/net/ipv4/ip_forward
# Without it, traffic between two pods of the bridge passes no rule. Some kernels have it built in, others as a module.
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables

touch "$folder/ready"
while :; do
  sleep 3600 &
  wait
done
