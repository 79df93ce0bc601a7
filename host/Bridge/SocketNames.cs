using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>Writes and reads the abstract names of <see cref="HostProtocol"/> for one host.</summary>
internal sealed class SocketNames(uint hostId)
{
    private const string Root = "pyco/";

    // One octet for the leading NUL of an abstract name is not counted.
    private const int MaxLength = 107;

    private readonly byte[] _prefix = Encoding.ASCII.GetBytes($"{Root}{hostId:x8}");

    /// <summary><c>pyco/H</c>.</summary>
    public UnixAddress Requests => UnixAddress.Abstract(_prefix);

    /// <summary><c>pyco/H/d</c>.</summary>
    public UnixAddress Datagrams => UnixAddress.Abstract([.. _prefix, .. "/d"u8]);

    /// <summary><c>pyco/H/n</c>.</summary>
    public UnixAddress Notes => UnixAddress.Abstract([.. _prefix, .. "/n"u8]);

    /// <summary>The name that a program's socket carries: <c>pyco/H/t4/C</c> and so on.</summary>
    public UnixAddress Program(SocketKey key)
    {
        Span<byte> name = stackalloc byte[MaxLength];
        int length = Append(name, 0, _prefix);
        ReadOnlySpan<byte> kind = (key.Kind, key.IsV6) switch
        {
            (SocketKind.Tcp, false) => "/t4/"u8,
            (SocketKind.Tcp, true) => "/t6/"u8,
            (SocketKind.Echo, _) => "/i4/"u8,
            (_, false) => "/u4/"u8,
            (_, true) => "/u6/"u8,
        };
        length = Append(name, length, kind);
        length = AppendHex(name, length, key.Number, HostProtocol.CookieDigits);
        return UnixAddress.Abstract(name[..length]);
    }

    /// <summary>The name of the host's end of an accepted connection: <c>pyco/H/c/N/L/R</c>.</summary>
    public UnixAddress Accepted(ulong number, IpEndpoint local, IpEndpoint remote)
    {
        Span<byte> name = stackalloc byte[MaxLength];
        int length = Append(name, 0, _prefix);
        length = Append(name, length, "/c/"u8);
        length = AppendHex(name, length, number, HostProtocol.CookieDigits);
        length = AppendEndpoint(name, length, local);
        length = AppendEndpoint(name, length, remote);
        return UnixAddress.Abstract(name[..length]);
    }

    /// <summary>Reads whose a name is that begins like ours.</summary>
    public static bool TryReadHost(string name, out uint hostId)
    {
        hostId = 0;
        return name.Length >= Root.Length + HostProtocol.HostIdDigits && name.Length <= MaxLength && Ascii.IsValid(name) &&
            name.StartsWith(Root, StringComparison.Ordinal) && uint.TryParse(
                name.AsSpan(Root.Length, HostProtocol.HostIdDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out hostId);
    }

    /// <summary>Reads the name of a program's socket.</summary>
    public bool TryReadProgram(in UnixAddress address, out SocketKey key)
    {
        key = default;
        ReadOnlySpan<byte> name = address.AbstractName;
        if (!name.StartsWith(_prefix))
            return false;
        name = name[_prefix.Length..];
        if (name.Length != 4 + HostProtocol.CookieDigits || name[0] != '/' || name[3] != '/')
            return false;
        SocketKind? kind = name[1] switch
        {
            (byte)'t' => SocketKind.Tcp,
            (byte)'u' => SocketKind.Udp,
            (byte)'i' when name[2] == '4' => SocketKind.Echo,
            _ => null,
        };
        if (kind is null || name[2] is not ((byte)'4' or (byte)'6') || !TryReadHex(name[4..], out ulong number))
            return false;
        key = new SocketKey(kind.Value, name[2] == '6', number);
        return true;
    }

    /// <summary>Reads the number of an accepted connection from the name of the host's end.</summary>
    public bool TryReadAccepted(in UnixAddress address, out ulong number)
    {
        number = 0;
        ReadOnlySpan<byte> name = address.AbstractName;
        if (!name.StartsWith(_prefix))
            return false;
        name = name[_prefix.Length..];
        return name.Length == 3 + HostProtocol.CookieDigits + (2 * (1 + HostProtocol.EndpointDigits)) &&
            name.StartsWith("/c/"u8) && TryReadHex(name.Slice(3, HostProtocol.CookieDigits), out number);
    }

    /// <summary>Lower case only: "AB" and "ab" are two names, of two sockets, and must not read as one number.</summary>
    private static bool TryReadHex(ReadOnlySpan<byte> digits, out ulong value)
    {
        value = 0;
        return !digits.ContainsAnyInRange((byte)'A', (byte)'F') &&
            Utf8Parser.TryParse(digits, out value, out int read, 'x') && read == digits.Length;
    }

    private static int Append(Span<byte> name, int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(name[length..]);
        return length + part.Length;
    }

    private static int AppendEndpoint(Span<byte> name, int length, IpEndpoint endpoint)
    {
        name[length++] = (byte)'/';
        length = AppendHex(name, length, (ulong)(endpoint.Address.Value >> 64), 16);
        length = AppendHex(name, length, (ulong)endpoint.Address.Value, 16);
        return AppendHex(name, length, endpoint.Port, 4);
    }

    private static int AppendHex(Span<byte> name, int length, ulong value, int digits)
    {
        for (int index = digits - 1; index >= 0; index--, value >>= 4)
            name[length + index] = "0123456789abcdef"u8[(int)(value & 0xf)];
        return length + digits;
    }
}
