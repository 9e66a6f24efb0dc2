"""A stand-in for Modal on the loopback interface: the real client and command line deploy to it and run on it.

It stands in for the gRPC service of `modal.client`, its blob storage, the addresses of web functions and servers, and
the machines that run containers:

- A container is a process of this machine that runs Modal's own `modal._container_entrypoint` under a root file system
  of its own (root on Linux only). /root holds exactly the uploaded files; ENV, WORKDIR and Secrets are set; `/usr` and
  the like are the host's, and the installed packages are those of one Python of the host.
- Containers start as inputs wait, up to `max_containers`, stay while `min_containers` says so, and leave after
  `scaledown_window`. An input, or a start, that takes too long ends its container. The client tries `.remote` and
  `.map` again, the control plane `.spawn`. A new deployment replaces the containers of the old one. A rollback deploys
  an older version's functions, files and settings of containers as a new version.
- A Volume is a private copy in each container. Others see what it wrote after a commit, which is also made every few
  seconds and at its end, and what others wrote is seen after a reload. A container that is killed loses the rest.
- A web function holds a request, up to 150 s and then answers 303. A server answers 503 while no container is ready;
  each of its containers has a network of its own. Both ask for a proxy token, and take any.
- GPU names and counts, timeouts and sizes of clusters are refused as Modal's guide says, and Secrets and Volumes that
  do not exist as the client asks for them.

Not emulated: image builds (each is said to have been made), GPUs, memory snapshots (`@enter(snap=True)` just runs),
cron, preemption, regions, limits of CPU and memory, buckets (not mounted), RDMA (a cluster shares the host's loopback),
`@modal.batched`, buffer_containers, websockets, and every RPC without a method here: it fails with its name.

    python tests/control_plane sh -- 'modal deploy -m my_llm.app && modal app list'

runs a shell command with a control plane in its environment. In Python:

    with listening() as plane:
        subprocess.run(["modal", "deploy", "-m", "my_llm.app"], env=os.environ | plane.environment)
        plane.containers("Server")[0].kill()
        plane.logs("my-llm")
"""

from .plane import ControlPlane, listening
from .scheduler import NO_CONTAINERS

__all__ = ["NO_CONTAINERS", "ControlPlane", "listening"]
