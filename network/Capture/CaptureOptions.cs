using System.Globalization;
using Pyco.Host.Control;
using Pyco.Stack.Wire;

namespace Pyco.Network.Capture;

/// <summary>What a capture is to hold.</summary>
internal sealed record CaptureOptions
{
    /// <summary>Only what passes the port of this number.</summary>
    public int? Port { get; init; }

    /// <summary>Only what passes the port of the host with this address.</summary>
    public IpAddress? Host { get; init; }

    /// <summary>The capture ends after so many frames; 0 for never.</summary>
    public long Count { get; init; }

    /// <summary>How many octets of a frame are kept; 0 for all.</summary>
    public int SnapLength { get; init; }

    /// <summary>False for the whole network.</summary>
    public bool IsOnePort => Port is not null || Host is not null;

    /// <summary>For people.</summary>
    public string What => Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"port {port}")
        : Host is { } host ? $"host {host}"
        : "all ports";

    /// <summary>One <c>name=value</c> each line.</summary>
    public string Write() => string.Create(
        CultureInfo.InvariantCulture, $"port={Port}\nhost={Host}\ncount={Count}\nsnap-length={SnapLength}\n");

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It did not.</exception>
    public static CaptureOptions Read(ControlRequest request) => new()
    {
        Port = Text(request, "port") is { } port ? (int)Number(port) : null,
        Host = Text(request, "host") is { } host ? IpAddress.Parse(host) : null,
        Count = Number(Text(request, "count") ?? "0"),
        SnapLength = (int)Number(Text(request, "snap-length") ?? "0"),
    };

    private static string? Text(ControlRequest request, string name) => request.Get(name) is { Length: > 0 } value ? value : null;

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw new FormatException($"'{text}' is not a number");
}
