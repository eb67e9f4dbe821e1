"""Command line of the simulator: serves many lines and one control interface until it is asked to end."""

import asyncio

from adapters.generic.frame_board.simulator.bus import FrameLineServer
from adapters.generic.frame_board.simulator.world import FrameWorld, described_line, plain_lines
from adapters.generic.frame_board.wire import PROFILES
from adapters.simulation import serving

MODULE = "adapters.generic.frame_board.simulator"


async def main() -> None:
    parser = serving.parser(MODULE, "Lines of framed lock boards over TCP.", "FB-")
    parser.add_argument("--profile", choices=tuple(PROFILES), default="wkly", help="family of --lines")
    given = parser.parse_args()
    described = serving.described(given)
    if described is None:
        lines = plain_lines(*serving.counted(given), given.prefix, given.profile, given.first_port)
    else:
        lines = [described_line(each) for each in described]
    world = FrameWorld(lines, close_after=given.close_after)
    await serving.serve("frame_board", world, given, server=FrameLineServer)


if __name__ == "__main__":
    asyncio.run(main())
