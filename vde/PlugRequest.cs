using System.Runtime.InteropServices;
using System.Text;
using Pyco.Posix;

namespace Pyco.Vde;

/// <summary>
/// What a plug asks a switch for, as it stands on the control connection: in host order, because both ends are on one
/// machine.
/// </summary>
/// <param name="Port">The wanted port, or 0 for any.</param>
/// <param name="Data">The name of the plug's own datagram socket.</param>
/// <param name="Description">Who it is, for people.</param>
internal readonly record struct PlugRequest(int Port, UnixAddress Data, string Description)
{
    /// <summary>The description's field, without a NUL.</summary>
    public const int DescriptionCapacity = 128;

    /// <summary>Magic, version and type.</summary>
    private const int HeaderLength = 3 * sizeof(uint);

    /// <summary>The longest request.</summary>
    public const int Capacity = HeaderLength + UnixAddress.Capacity + DescriptionCapacity;

    /// <summary>What every request has; the description may be missing.</summary>
    public const int MinimumLength = HeaderLength + UnixAddress.Capacity;

    private const uint Magic = 0xfeedface;
    private const uint Version = 3;

    /// <summary>The type is 0 for a new port; the wanted number stands above it.</summary>
    private const int PortShift = 8;

    /// <summary>Writes the request, with as much of the description as fits, cut between characters.</summary>
    /// <returns>Its length.</returns>
    public int Write(Span<byte> destination)
    {
        Span<uint> header = MemoryMarshal.Cast<byte, uint>(destination[..HeaderLength]);
        header[0] = Magic;
        header[1] = Version;
        header[2] = (uint)Port << PortShift;
        UnixAddress data = Data;
        data.Octets.CopyTo(destination[HeaderLength..]);
        Span<byte> field = destination.Slice(MinimumLength, DescriptionCapacity);
        Encoding.UTF8.GetEncoder().Convert(Description, field, true, out _, out int written, out _);
        return MinimumLength + written;
    }

    /// <summary>Reads a request; false if it is none, or its socket has no path.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out PlugRequest request)
    {
        request = default;
        if (octets.Length < MinimumLength)
            return false;
        ReadOnlySpan<uint> header = MemoryMarshal.Cast<byte, uint>(octets[..HeaderLength]);
        // Requests of other types come from unixcmd's ancestors, which nobody has any more.
        if (header[0] != Magic || header[1] != Version || (header[2] & ((1 << PortShift) - 1)) > 1 ||
            !UnixAddress.TryRead(octets[HeaderLength..MinimumLength], out UnixAddress data))
            return false;
        ReadOnlySpan<byte> description = octets[MinimumLength..];
        int end = description.IndexOf((byte)0);
        request = new PlugRequest(
            (int)(header[2] >> PortShift), data, Clean(Encoding.UTF8.GetString(end < 0 ? description : description[..end])));
        return true;
    }

    /// <summary>It is shown on terminals, which must not be told what to do by it.</summary>
    private static string Clean(string text) =>
        string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
}
