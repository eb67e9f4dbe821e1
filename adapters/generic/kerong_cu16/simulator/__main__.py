"""Command line of the simulator: serves many lines and one control interface until it is asked to end."""

import asyncio

from adapters.generic.kerong_cu16.simulator.world import KerongWorld, described_line, plain_lines
from adapters.simulation import serving

MODULE = "adapters.generic.kerong_cu16.simulator"


async def main() -> None:
    given = serving.parser(MODULE, "Lines of CU16 lock boards over TCP.", "KR-").parse_args()
    described = serving.described(given)
    if described is None:
        lines = plain_lines(*serving.counted(given), given.prefix, given.first_port)
    else:
        lines = [described_line(each) for each in described]
    await serving.serve("kerong_cu16", KerongWorld(lines, close_after=given.close_after), given)


if __name__ == "__main__":
    asyncio.run(main())
