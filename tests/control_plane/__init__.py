"""A stand-in for Modal on the loopback interface: the real client and command line deploy to it and run on it.

Stands in for: the gRPC service of `modal.client`, its blob storage, the addresses of web functions and servers, and the
machines that run containers. A container is a process of this machine that runs Modal's own `modal._container_entrypoint`
under a root file system of its own (root on Linux only): /root holds exactly the uploaded files, each Volume is a private
copy that others see after a commit, ENV, WORKDIR and Secrets are set; `/usr` and the like are the host's, and installed
packages are those of one Python of the host. Containers start as inputs wait, up to `max_containers`, stay while
`min_containers` says so, and leave after `scaledown_window`. An input or a start that takes too long ends its container.
`.remote` and `.map` are retried by the client, `.spawn` here. A web function holds a request up to 150 s and then answers
303; a server answers 503 until a container is ready, and its containers have a network of their own each. GPU names and
counts, timeouts and cluster sizes are refused as Modal's guide says.

Not emulated: image builds (each is said to have been built), GPUs, memory snapshots (`@enter(snap=True)` just runs),
cron schedules, preemption, regions, limits of CPU and memory, buckets (not mounted), RDMA (the containers of a cluster
share the host's loopback), `@modal.batched`, websockets, buffer_containers, and every RPC without a method here: it
fails with its name. Any proxy token is accepted. Prices and bills are what a test says.

    python tests/control_plane sh -- 'modal deploy -m my_llm.app && modal app list'

runs a shell command with a control plane in its environment. In Python:

    with listening() as plane:
        subprocess.run(["modal", "deploy", "-m", "my_llm.app"], env=os.environ | plane.environment)
        plane.containers(), plane.kill(plane.containers()[0]), plane.logs("my-llm")
"""

from .plane import ControlPlane, listening
from .scheduler import NO_CONTAINERS

__all__ = ["NO_CONTAINERS", "ControlPlane", "listening"]
