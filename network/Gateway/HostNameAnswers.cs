using System.Buffers.Binary;
using System.Text;
using Pyco.Host;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>
/// Answers DNS queries for the names of the network's own hosts and for the names of their addresses (RFC 1035). What it
/// does not know is for the name server outside.
/// </summary>
internal sealed class HostNameAnswers(IHostDirectory hosts)
{
    /// <summary>Room for the longest answer: a question of 255 octets, and a record with a name of 64.</summary>
    public const int Capacity = 512;

    private const int HeaderLength = 12;
    private const int TypeAndClassLength = 4;
    private const ushort TypeA = 1;
    private const ushort TypePtr = 12;
    private const ushort ClassInternet = 1;

    /// <summary>A host may leave at any time, and another one take its name or address.</summary>
    private const uint TimeToLiveSeconds = 5;

    /// <summary>Answers a query.</summary>
    /// <param name="query">What a host has sent.</param>
    /// <param name="answer">Room for <see cref="Capacity"/>.</param>
    /// <returns>The answer's length; 0 if it is not for us to answer.</returns>
    public int Answer(ReadOnlySpan<byte> query, Span<byte> answer)
    {
        if (!TryReadQuestion(query, out List<string> labels, out int end) ||
            BinaryPrimitives.ReadUInt16BigEndian(query[(end - 2)..]) != ClassInternet)
            return 0;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(query[(end - TypeAndClassLength)..]);
        byte[]? data;
        if (labels.Count == 1 && hosts.FindAddress(Encoding.Latin1.GetBytes(labels[0])) is { } address)
            data = type == TypeA ? Octets(address) : null;
        else if (type == TypePtr && TryReadReverse(labels, out IpAddress asked) && hosts.FindName(asked) is { } name)
            data = [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0];
        else
            return 0;
        return Write(query[..end], type, data, answer);
    }

    /// <summary>Reads the labels of the one question that there is.</summary>
    private static bool TryReadQuestion(ReadOnlySpan<byte> query, out List<string> labels, out int end)
    {
        const byte responseAndOpcode = 0xf8;
        const int longestLabel = 63;
        const int longestName = 255;
        labels = [];
        end = HeaderLength;
        if (query.Length < HeaderLength || (query[2] & responseAndOpcode) != 0 ||
            BinaryPrimitives.ReadUInt16BigEndian(query[4..]) != 1 || BinaryPrimitives.ReadUInt32BigEndian(query[6..]) != 0)
            return false;
        while (end < query.Length && query[end] is > 0 and <= longestLabel)
        {
            int length = query[end];
            if (end + 1 + length >= query.Length || end + 1 + length - HeaderLength >= longestName)
                return false;
            labels.Add(Encoding.Latin1.GetString(query.Slice(end + 1, length)));
            end += 1 + length;
        }
        if (end >= query.Length || query[end] != 0)
            return false;
        end += 1 + TypeAndClassLength;
        return end <= query.Length;
    }

    /// <summary>Reads <c>4.3.2.1.in-addr.arpa</c>.</summary>
    private static bool TryReadReverse(List<string> labels, out IpAddress address)
    {
        const int count = 6;
        address = default;
        return labels.Count == count && labels[4].Equals("in-addr", StringComparison.OrdinalIgnoreCase) &&
            labels[5].Equals("arpa", StringComparison.OrdinalIgnoreCase) &&
            IpAddress.TryParse($"{labels[3]}.{labels[2]}.{labels[1]}.{labels[0]}", out address);
    }

    private static byte[] Octets(IpAddress address)
    {
        byte[] octets = new byte[IpAddress.LengthV4];
        address.WriteV4(octets);
        return octets;
    }

    private static int Write(ReadOnlySpan<byte> question, ushort type, byte[]? data, Span<byte> answer)
    {
        const byte responseWithAuthority = 0x84;
        const byte recursionDesired = 1;
        const byte recursionAvailable = 0x80;
        const ushort nameOfQuestion = 0xc000 | HeaderLength;
        question.CopyTo(answer);
        answer[2] = (byte)(responseWithAuthority | (question[2] & recursionDesired));
        answer[3] = recursionAvailable;
        answer[6..HeaderLength].Clear();
        int length = question.Length;
        if (data is null)
            return length; // the name exists, without such a record
        answer[7] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(answer[length..], nameOfQuestion);
        BinaryPrimitives.WriteUInt16BigEndian(answer[(length + 2)..], type);
        BinaryPrimitives.WriteUInt16BigEndian(answer[(length + 4)..], ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(answer[(length + 6)..], TimeToLiveSeconds);
        BinaryPrimitives.WriteUInt16BigEndian(answer[(length + 10)..], (ushort)data.Length);
        data.CopyTo(answer[(length + 12)..]);
        return length + 12 + data.Length;
    }
}
