using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>Questions to name servers and their answers (RFC 1035 §4). Nothing here trusts what it reads.</summary>
internal static unsafe class DnsMessage
{
    internal const int QueryCapacity = HeaderLength + DnsName.WireCapacity + 4;

    internal const ushort TypeA = 1;
    internal const ushort TypeCname = 5;
    internal const ushort TypePtr = 12;
    internal const ushort TypeAaaa = 28;

    private const int HeaderLength = 12;
    private const ushort ClassInternet = 1;

    /// <summary>More aliases in a row than make sense.</summary>
    private const int MostAliases = 16;

    /// <summary>Writes a question that the server may pass on to others.</summary>
    /// <param name="query">Room for <see cref="QueryCapacity"/>.</param>
    /// <param name="id">What tells its answer from others.</param>
    /// <param name="name">The name.</param>
    /// <param name="nameLength">Its length.</param>
    /// <param name="type">Which of its records.</param>
    /// <returns>The length.</returns>
    internal static int WriteQuery(byte* query, ushort id, byte* name, int nameLength, ushort type)
    {
        for (int i = 0; i < HeaderLength; i++)
            query[i] = 0;
        Write(query, id);
        query[2] = 1; // recursion desired
        query[5] = 1; // one question
        Memory.Copy(query + HeaderLength, name, nameLength);
        Write(query + HeaderLength + nameLength, type);
        Write(query + HeaderLength + nameLength + 2, ClassInternet);
        return HeaderLength + nameLength + 4;
    }

    /// <summary>Whether a message is the answer to a question: it has its id and the question itself.</summary>
    internal static bool IsAnswer(byte* message, int length, byte* query, int queryLength)
    {
        const int typeAndClass = 4;
        const int isResponse = 0x80;
        const int responseAndOpcode = 0xf8;
        int nameEnd = queryLength - typeAndClass;
        return length >= queryLength && Memory.Equal(message, query, 2) && (message[2] & responseAndOpcode) == isResponse &&
            ReadNumber(message + 4) == 1 && DnsName.AreEqual(message + HeaderLength, query + HeaderLength, nameEnd - HeaderLength) &&
            Memory.Equal(message + nameEnd, query + nameEnd, typeAndClass);
    }

    /// <summary>The answer did not fit: it is to be asked for by TCP.</summary>
    internal static bool IsTruncated(byte* answer) => (answer[2] & 2) != 0;

    /// <summary>RCODE: 0 for no error, 3 for a name that does not exist.</summary>
    internal static int ResponseCode(byte* answer) => answer[3] & 15;

    /// <summary>The addresses in an answer, and the name that they are of: the last one of a chain of aliases.</summary>
    /// <param name="answer">An answer (<see cref="IsAnswer"/>).</param>
    /// <param name="length">Its length.</param>
    /// <param name="queryLength">Its question's.</param>
    /// <param name="canonical">Room for <see cref="DnsName.WireCapacity"/>.</param>
    /// <param name="addresses">Where to write them.</param>
    /// <param name="capacity">How many at most.</param>
    /// <returns>How many.</returns>
    internal static int ReadAddresses(
        byte* answer, int length, int queryLength, byte* canonical, WireAddress* addresses, int capacity)
    {
        ushort wanted = ReadNumber(answer + queryLength - 4);
        int nameLength = FollowAliases(answer, length, queryLength, canonical);
        int count = 0;
        DnsRecords records = new(answer, length, queryLength);
        while (count < capacity && records.TryFind(canonical, nameLength, wanted))
        {
            if (records.DataLength != (wanted == TypeA ? 4 : 16))
                continue;
            WireAddress* address = addresses + count++;
            *address = default;
            address->Family = (ushort)(wanted == TypeA ? AfInet : AfInet6);
            if (wanted == TypeA)
                SocketAddress.WriteMapped(address->Octets, 0);
            Memory.Copy(address->Octets + 16 - records.DataLength, answer + records.Data, records.DataLength);
        }

        return count;
    }

    /// <summary>The name in an answer to the question for an address's name.</summary>
    /// <param name="answer">An answer (<see cref="IsAnswer"/>).</param>
    /// <param name="length">Its length.</param>
    /// <param name="queryLength">Its question's.</param>
    /// <param name="text">Room for <see cref="DnsName.TextCapacity"/>.</param>
    /// <returns>False if there is none that a host can have.</returns>
    internal static bool TryReadName(byte* answer, int length, int queryLength, byte* text)
    {
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        int nameLength = FollowAliases(answer, length, queryLength, wire);
        DnsRecords records = new(answer, length, queryLength);
        if (!records.TryFind(wire, nameLength, TypePtr))
            return false;
        int at = records.Data;
        return DnsName.Read(answer, length, ref at, wire) > 0 && DnsName.TryWriteText(wire, text);
    }

    internal static ushort ReadNumber(byte* at) => (ushort)((at[0] << 8) | at[1]);

    /// <summary>From the question's name to the one that it is an alias of, and so on; the last one's length.</summary>
    private static int FollowAliases(byte* answer, int length, int queryLength, byte* name)
    {
        byte* target = stackalloc byte[DnsName.WireCapacity];
        int nameLength = queryLength - HeaderLength - 4;
        Memory.Copy(name, answer + HeaderLength, nameLength);
        for (int alias = 0; alias < MostAliases; alias++)
        {
            DnsRecords records = new(answer, length, queryLength);
            if (!records.TryFind(name, nameLength, TypeCname))
                break;
            int at = records.Data;
            int targetLength = DnsName.Read(answer, length, ref at, target);
            if (targetLength == 0)
                break;
            Memory.Copy(name, target, targetLength);
            nameLength = targetLength;
        }

        return nameLength;
    }

    private static void Write(byte* at, ushort number)
    {
        at[0] = (byte)(number >> 8);
        at[1] = (byte)number;
    }

    /// <summary>A walk through the records that answer a question.</summary>
    private struct DnsRecords
    {
        private readonly byte* _message;
        private readonly int _length;
        private int _at;
        private int _left;

        internal DnsRecords(byte* message, int length, int queryLength)
        {
            _message = message;
            _length = length;
            _at = queryLength;
            _left = ReadNumber(message + 6);
            Data = 0;
            DataLength = 0;
        }

        /// <summary>Where the record's data begins.</summary>
        internal int Data { get; private set; }

        internal int DataLength { get; private set; }

        /// <summary>Goes to the next record of that name and type; false behind the last one, or where the message makes no sense.</summary>
        internal bool TryFind(byte* name, int nameLength, ushort type)
        {
            const int fixedLength = 10; // type, class, time to live, length of the data
            byte* owner = stackalloc byte[DnsName.WireCapacity];
            while (_left-- > 0)
            {
                int ownerLength = DnsName.Read(_message, _length, ref _at, owner);
                if (ownerLength == 0 || _at + fixedLength > _length)
                    return false;
                byte* head = _message + _at;
                Data = _at + fixedLength;
                DataLength = ReadNumber(head + 8);
                _at = Data + DataLength;
                if (_at > _length)
                    return false;
                if (ReadNumber(head) == type && ReadNumber(head + 2) == ClassInternet && ownerLength == nameLength &&
                    DnsName.AreEqual(owner, name, nameLength))
                    return true;
            }

            return false;
        }
    }
}
