using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using Pyco.Host.Protocol;
using Pyco.Posix;

namespace Pyco.Host;

/// <summary>What proves to a stack host that a request comes from one of its programs.</summary>
public sealed class HostCredentials
{
    private readonly byte[] _secret;

    /// <param name="id">The host's id, part of its abstract names.</param>
    /// <param name="secret">16 octets.</param>
    /// <param name="mark">The mark of datagram headers.</param>
    public HostCredentials(uint id, ReadOnlySpan<byte> secret, ulong mark)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, HostProtocol.SecretLength);
        Id = id;
        _secret = secret.ToArray();
        Mark = mark;
    }

    public uint Id { get; }

    /// <summary>The random octets that begin each datagram header, read as a number in memory order.</summary>
    public ulong Mark { get; }

    /// <summary>The id as it stands in abstract names: 8 lower-case hex digits.</summary>
    public string IdText => Id.ToString("x8", CultureInfo.InvariantCulture);

    internal ReadOnlySpan<byte> Secret => _secret;

    /// <summary>Whether a request shows the secret, and speaks our version of the protocol.</summary>
    internal unsafe bool Accept(in Request request)
    {
        fixed (byte* secret = request.Secret)
        {
            return request.Magic == HostProtocol.Magic && request.Version == HostProtocol.Version &&
                CryptographicOperations.FixedTimeEquals(
                    new ReadOnlySpan<byte>(secret, HostProtocol.SecretLength), _secret);
        }
    }

    /// <summary>New ones from the operating system's generator.</summary>
    public static HostCredentials Create()
    {
        Span<byte> octets = stackalloc byte[sizeof(uint) + HostProtocol.SecretLength + sizeof(ulong)];
        KernelEntropy.Instance.Fill(octets);
        return new HostCredentials(
            BinaryPrimitives.ReadUInt32LittleEndian(octets),
            octets.Slice(sizeof(uint), HostProtocol.SecretLength),
            BinaryPrimitives.ReadUInt64LittleEndian(octets[(sizeof(uint) + HostProtocol.SecretLength)..]));
    }

    /// <summary>The value of <c>PYCO_HOST</c> for programs of a host with this pid: <c>H:SECRET:MARK:PID</c>.</summary>
    /// <remarks>The secret's and the mark's hex digits are in memory order, so that no reader needs to know an endianness.</remarks>
    public string ToEnvironmentValue(int hostPid)
    {
        Span<byte> mark = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(mark, Mark);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{IdText}:{Convert.ToHexStringLower(_secret)}:{Convert.ToHexStringLower(mark)}:{hostPid}");
    }

    /// <summary>Reads <see cref="ToEnvironmentValue"/>'s text.</summary>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, [NotNullWhen(true)] out HostCredentials? credentials, out int hostPid)
    {
        credentials = null;
        hostPid = 0;
        string[] parts = text?.Split(':') ?? [];
        if (parts.Length != 4 || parts[0].Length != HostProtocol.HostIdDigits)
            return false;
        Span<byte> secret = stackalloc byte[HostProtocol.SecretLength];
        Span<byte> mark = stackalloc byte[sizeof(ulong)];
        if (!uint.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint id) ||
            !TryReadHex(parts[1], secret) || !TryReadHex(parts[2], mark) ||
            !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out hostPid))
            return false;
        credentials = new HostCredentials(id, secret, BinaryPrimitives.ReadUInt64LittleEndian(mark));
        return true;
    }

    private static bool TryReadHex(string digits, Span<byte> octets) =>
        digits.Length == 2 * octets.Length &&
        Convert.FromHexString(digits, octets, out _, out _) == System.Buffers.OperationStatus.Done;
}
