"""Ask the deployed service once."""

import sys

from . import cli
from .client import Client


def main() -> int:
    """`python -m PACKAGE.client "text"`: the reply on stdout as it comes, what it took on stderr."""
    parser = cli.parser("client", __doc__)
    parser.add_argument("text", nargs="?", default=cli.TEXT, help="default: %(default)s")
    parser.add_argument("--max-tokens", type=int, default=cli.ANSWER_TOKENS, help="of a generated answer (%(default)s)")
    options = parser.parse_args()
    with cli.exit_on_error():
        reply = cli.ask(Client(cli.address(options.url)), options.text, options.max_tokens)
        print(reply.summary(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
