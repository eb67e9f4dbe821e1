"""Command line of the simulator: serves many lines and one control interface until it is asked to end."""

import asyncio

from adapters.generic.modbus_io.simulator.world import ModbusWorld, described_line, plain_lines
from adapters.simulation import serving

MODULE = "adapters.generic.modbus_io.simulator"


async def main() -> None:
    parser = serving.parser(MODULE, "Modbus relay and input modules with doors, over TCP.", "MB-")
    parser.add_argument("--framing", choices=("tcp", "rtu"), default="tcp", help="of --lines")
    given = parser.parse_args()
    described = serving.described(given)
    if described is None:
        tcp = given.framing == "tcp"
        lines = plain_lines(*serving.counted(given), given.prefix, given.first_port, tcp=tcp)
    else:
        lines = [described_line(each) for each in described]
    await serving.serve("modbus_io", ModbusWorld(lines, close_after=given.close_after), given)


if __name__ == "__main__":
    asyncio.run(main())
