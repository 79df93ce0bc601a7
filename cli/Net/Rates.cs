using System.Globalization;

namespace Pyco.Cli.Net;

/// <summary>What a station sends and receives in a second.</summary>
internal readonly record struct Rates(double FramesSent, double BitsSent, double FramesReceived, double BitsReceived)
{
    /// <summary>The means of the time between two looks at the same station.</summary>
    public static Rates Between(StationView before, StationView now, double seconds) => new(
        (now.FramesSent - before.FramesSent) / seconds,
        (now.OctetsSent - before.OctetsSent) * 8 / seconds,
        (now.FramesReceived - before.FramesReceived) / seconds,
        (now.OctetsReceived - before.OctetsReceived) * 8 / seconds);

    public static Rates operator +(Rates left, Rates right) => new(
        left.FramesSent + right.FramesSent,
        left.BitsSent + right.BitsSent,
        left.FramesReceived + right.FramesReceived,
        left.BitsReceived + right.BitsReceived);

    /// <summary>With three figures and k, M or G for thousands: 999, 1.00k, 12.5M.</summary>
    public static string Short(double value)
    {
        string[] units = ["", "k", "M", "G", "T"];
        int unit = 0;
        // What rounding would bring to 1000 belongs to the next unit.
        while (value >= 999.5 && unit < units.Length - 1)
        {
            value /= 1000;
            unit++;
        }
        int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture) + units[unit];
    }
}
