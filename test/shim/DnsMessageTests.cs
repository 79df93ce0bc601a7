using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Protocol;
using Pyco.Shim.Resolver;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Tests;

/// <summary>Questions and answers of DNS as the library writes and reads them.</summary>
internal sealed unsafe partial class DnsMessageTests
{
    private const ushort Id = 0x1234;
    private const int Page = 4096;

    /// <summary>Ends at a page that nobody may touch: who reads too far does not get away with it.</summary>
    private byte* _guard;

    [OneTimeSetUp]
    public void MapMemory()
    {
        const int pages = 17;
        const int readWrite = 3;
        const int privateAnonymous = 0x22;
        byte* memory = mmap(null, (pages + 1) * Page, readWrite, privateAnonymous, -1, 0);
        Assert.That((long)memory, Is.Positive);
        _guard = memory + (pages * Page);
        Assert.That(mprotect(_guard, Page, 0), Is.Zero);
    }

    [TestCase("www.example.org", "3www7example3org0")]
    [TestCase("www.example.org.", "3www7example3org0")]
    [TestCase("web", "3web0")]
    [TestCase("_a-1.b", "4_a-11b0")]
    [TestCase("", null)]
    [TestCase(".", null)]
    [TestCase("a..b", null)]
    [TestCase(".a", null)]
    [TestCase("a b", null)]
    [TestCase("bücher.example", null)]
    public void A_host_s_name_is_written_as_labels(string name, string? expected) => Assert.That(Encode(name), Is.EqualTo(expected));

    [Test]
    public void Labels_of_63_and_names_of_255_octets_are_the_longest()
    {
        string label = new('a', 63);
        Assert.That(Encode(label), Is.Not.Null);
        Assert.That(Encode(label + "a"), Is.Null);
        string longest = $"{label}.{label}.{label}.{new string('a', 61)}"; // 3 × 64 + 62 + 1
        Assert.That(Encode(longest), Is.Not.Null);
        Assert.That(Encode(longest + "a"), Is.Null);
        Assert.That(Encode(longest + ".a"), Is.Null);
    }

    [TestCase("10.40.0.9", "1:9,1:0,2:40,2:10,7:in-addr,4:arpa")]
    [TestCase("2001:db8::5", "1:5,1:0,1:0,1:0")]
    public void An_address_s_own_name_is_its_reverse(string address, string beginning)
    {
        WireAddress wire = Address(address);
        byte* name = stackalloc byte[DnsName.WireCapacity];
        int length = DnsName.EncodeReverse(wire.Octets, name);
        string labels = string.Join(',', Labels(new ReadOnlySpan<byte>(name, length)).Select(label => $"{label.Length}:{label}"));
        Assert.That(labels, Does.StartWith(beginning));
        Assert.That(labels, Does.EndWith("4:arpa"));
    }

    [Test]
    public void The_addresses_of_an_answer_are_read()
    {
        byte[] answer = Answer("www.example.org", 1, new Record("\u00c0\u000c", 1, "\u0001\u0002\u0003\u0004"), new Record("\u00c0\u000c", 1, "\u0005\u0006\u0007\u0008"));
        Assert.That(ReadAddresses(answer, "www.example.org", 1), Is.EqualTo("www.example.org: 1.2.3.4 5.6.7.8"));
    }

    [Test]
    public void Upper_and_lower_case_are_the_same() =>
        Assert.That(
            ReadAddresses(Answer("WWW.example.ORG", 1, new Record("\u00c0\u000c", 1, "\u0001\u0002\u0003\u0004")), "www.EXAMPLE.org", 1),
            Does.EndWith(": 1.2.3.4"));

    [Test]
    public void Aliases_are_followed_in_whatever_order_they_stand()
    {
        byte[] answer = Answer(
            "a.org", 1,
            new Record("\u0001c\u0003org\0", 1, "\u0001\u0002\u0003\u0004"),
            new Record("\u0001b\u0003org\0", 5, "\u0001c\u0003org\0"),
            new Record("\u00c0\u000c", 5, "\u0001b\u0003org\0"));
        Assert.That(ReadAddresses(answer, "a.org", 1), Is.EqualTo("c.org: 1.2.3.4"));
    }

    [Test]
    public void Aliases_that_lead_round_have_no_address()
    {
        byte[] answer = Answer("a.org", 1, new Record("\u00c0\u000c", 5, "\u0001b\u0003org\0"), new Record("\u0001b\u0003org\0", 5, "\u00c0\u000c"));
        Assert.That(ReadAddresses(answer, "a.org", 1), Does.EndWith(": "));
    }

    [Test]
    public void An_address_of_another_name_is_nobody_s() =>
        Assert.That(ReadAddresses(Answer("a.org", 1, new Record("\u0001b\u0003org\0", 1, "\u0001\u0002\u0003\u0004")), "a.org", 1), Is.EqualTo("a.org: "));

    [TestCase("\u00c0\u000c", "\u0001\u0002\u0003", TestName = "An_address_of_three_octets_is_none")]
    [TestCase("\u00c0\u000c", "\u0001\u0002\u0003\u0004\u0005", TestName = "An_address_of_five_octets_is_none")]
    [TestCase("\u00c0\u00ff", "\u0001\u0002\u0003\u0004", TestName = "A_pointer_forwards_ends_the_reading")]
    [TestCase("\u00c0\u0017", "\u0001\u0002\u0003\u0004", TestName = "A_pointer_to_itself_ends_the_reading")]
    [TestCase("\u0040\0", "\u0001\u0002\u0003\u0004", TestName = "A_label_of_64_octets_ends_the_reading")]
    public void Nonsense_has_no_address(string owner, string data) =>
        Assert.That(ReadAddresses(Answer("a.org", 1, new Record(owner, 1, data)), "a.org", 1), Is.EqualTo("a.org: "));

    [Test]
    public void A_name_that_terminals_would_obey_is_none()
    {
        Assert.That(ReadName(Answer("5.0.40.10.in-addr.arpa", 12, new Record("\u00c0\u000c", 12, "\u0004good\u0003org\0"))), Is.EqualTo("good.org"));
        Assert.That(ReadName(Answer("5.0.40.10.in-addr.arpa", 12, new Record("\u00c0\u000c", 12, "\u0005\u001b[31m\0"))), Is.Null);
        Assert.That(ReadName(Answer("5.0.40.10.in-addr.arpa", 12, new Record("\u00c0\u000c", 12, "\0"))), Is.Null, "the root");
    }

    [Test]
    public void Only_the_answer_to_the_question_is_taken()
    {
        byte[] good = Answer("a.org", 1, new Record("\u00c0\u000c", 1, "\u0001\u0002\u0003\u0004"));
        Assert.That(IsAnswer(good), Is.True);
        Assert.That(IsAnswer([.. good[..16]]), Is.False, "cut");
        foreach ((int at, string what) in ((int, string)[])
            [(0, "id"), (1, "id"), (2, "a query, or another opcode"), (5, "two questions"), (13, "name"), (20, "type"), (22, "class")])
        {
            byte[] other = [.. good];
            other[at] ^= (byte)(at == 2 ? 0x80 : 1);
            Assert.That(IsAnswer(other), Is.False, what);
        }

        bool IsAnswer(byte[] message)
        {
            byte* query = stackalloc byte[DnsMessage.QueryCapacity];
            int queryLength = WriteQuery("a.org", 1, query);
            return DnsMessage.IsAnswer(AtGuard(message), message.Length, query, queryLength);
        }
    }

    [Test]
    public void Whatever_comes_nothing_outside_of_it_is_read_and_the_reading_ends()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        byte[][] models =
        [
            Answer("a.org", 1, new Record("\u00c0\u000c", 5, "\u0001b\u0003org\0"), new Record("\u0001b\u0003org\0", 1, "\u0001\u0002\u0003\u0004")),
            Answer("5.0.40.10.in-addr.arpa", 12, new Record("\u00c0\u000c", 12, "\u0004good\u00c0\u0016")),
            Answer("a.org", 28, new Record("\u00c0\u000c", 28, "0123456789abcdef"), new Record("\u00c0\u000c", 28, "0123456789abcdef")),
        ];
        byte* room = stackalloc byte[DnsName.TextCapacity];
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        WireAddress* addresses = stackalloc WireAddress[NameLookup.MaxAddresses];
        for (int round = 0; round < 200_000; round++)
        {
            byte[] message = Mutate(models[round % models.Length], random);
            int questionEnd = Array.IndexOf(models[round % models.Length], (byte)0, 12) + 5;
            byte* at = AtGuard(message);
            if (message.Length >= questionEnd)
            {
                int count = DnsMessage.ReadAddresses(at, message.Length, questionEnd, wire, addresses, NameLookup.MaxAddresses);
                Assert.That(count, Is.InRange(0, NameLookup.MaxAddresses));
                _ = DnsMessage.TryReadName(at, message.Length, questionEnd, room);
            }
            int position = random.Next(message.Length);
            int length = DnsName.Read(at, message.Length, ref position, wire);
            Assert.That(length, Is.InRange(0, DnsName.WireCapacity));
            Assert.That(position, Is.InRange(0, message.Length));
            if (length > 0 && DnsName.TryWriteText(wire, room))
                Assert.That(Encode(Marshal.PtrToStringAnsi((nint)room)!), Is.Not.Null);
        }
    }

    [Test]
    public void A_message_made_of_pointers_is_read_in_no_time()
    {
        byte[] message = new byte[ushort.MaxValue];
        byte[] question = Answer("a.org", 1);
        question.CopyTo(message, 0);
        message[6] = message[7] = 0xff;
        for (int at = question.Length; at + 2 < 0x3fff; at += 2)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), (ushort)(0xc000 | (at - 2)));
        Assert.That(ReadAddresses(message, "a.org", 1), Is.EqualTo("a.org: "));
    }

    private static byte[] Mutate(byte[] model, Random random)
    {
        List<byte> octets = [.. model];
        for (int changes = random.Next(1, 8); changes > 0; changes--)
        {
            int at = random.Next(2, octets.Count);
            switch (random.Next(4))
            {
                case 0:
                    octets[at] = (byte)random.Next(256);
                    break;
                case 1:
                    octets[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    octets.InsertRange(at, Enumerable.Range(0, random.Next(1, 40)).Select(_ => (byte)random.Next(256)));
                    break;
                case 3 when octets.Count > 20:
                    octets.RemoveRange(octets.Count - random.Next(1, 8), 1);
                    break;
            }
        }
        return [.. octets[..random.Next(octets.Count / 2, octets.Count + 1)]];
    }

    /// <summary>An answer with these records.</summary>
    private static byte[] Answer(string name, ushort type, params ReadOnlySpan<Record> records)
    {
        byte* query = stackalloc byte[DnsMessage.QueryCapacity];
        int length = WriteQuery(name, type, query);
        List<byte> message = [.. new ReadOnlySpan<byte>(query, length)];
        (message[2], message[3], message[7]) = (0x81, 0x80, (byte)records.Length);
        foreach ((string owner, byte recordType, string data) in records)
        {
            message.AddRange(Encoding.Latin1.GetBytes(owner));
            message.AddRange([0, recordType, 0, 1, 0, 0, 0, 60, 0, (byte)data.Length]);
            message.AddRange(Encoding.Latin1.GetBytes(data));
        }
        return [.. message];
    }

    private static int WriteQuery(string name, ushort type, byte* query)
    {
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"))
            return DnsMessage.WriteQuery(query, Id, wire, DnsName.Encode(text, wire), type);
    }

    private static string? Encode(string name)
    {
        byte* wire = stackalloc byte[DnsName.WireCapacity + 1];
        wire[DnsName.WireCapacity] = 0xee;
        int length;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"))
            length = DnsName.Encode(text, wire);
        Assert.That(wire[DnsName.WireCapacity], Is.EqualTo(0xee));
        return length == 0 ? null : string.Concat(Labels(new ReadOnlySpan<byte>(wire, length)).Select(label => $"{label.Length}{label}")) + "0";
    }

    private static List<string> Labels(ReadOnlySpan<byte> wire)
    {
        List<string> labels = [];
        for (int at = 0; wire[at] != 0; at += 1 + wire[at])
            labels.Add(Encoding.Latin1.GetString(wire.Slice(at + 1, wire[at])));
        return labels;
    }

    private string ReadAddresses(byte[] answer, string name, ushort type)
    {
        byte* query = stackalloc byte[DnsMessage.QueryCapacity];
        int queryLength = WriteQuery(name, type, query);
        byte* message = AtGuard(answer);
        Assert.That(DnsMessage.IsAnswer(message, answer.Length, query, queryLength), Is.True);
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        byte* canonical = stackalloc byte[DnsName.TextCapacity];
        WireAddress* addresses = stackalloc WireAddress[NameLookup.MaxAddresses];
        int count = DnsMessage.ReadAddresses(message, answer.Length, queryLength, wire, addresses, NameLookup.MaxAddresses);
        Assert.That(DnsName.TryWriteText(wire, canonical), Is.True);
        string text = string.Join(' ', Enumerable.Range(0, count).Select(number => Describe(addresses[number])));
        return $"{Marshal.PtrToStringAnsi((nint)canonical)}: {text}";
    }

    private string? ReadName(byte[] answer)
    {
        byte* text = stackalloc byte[DnsName.TextCapacity];
        int questionEnd = Array.IndexOf(answer, (byte)0, 12) + 5;
        return DnsMessage.TryReadName(AtGuard(answer), answer.Length, questionEnd, text) ? Marshal.PtrToStringAnsi((nint)text) : null;
    }

    private byte* AtGuard(byte[] message)
    {
        byte* at = _guard - message.Length;
        message.CopyTo(new Span<byte>(at, message.Length));
        return at;
    }

    private static WireAddress Address(string text)
    {
        WireAddress address;
        fixed (byte* octets = Encoding.ASCII.GetBytes(text + "\0"))
            Assert.That(Numeric.TryParse(octets, &address), Is.True);
        return address;
    }

    private static string Describe(WireAddress address) =>
        address.Family == AfInet
            ? $"{address.Octets[12]}.{address.Octets[13]}.{address.Octets[14]}.{address.Octets[15]}"
            : new System.Net.IPAddress(new ReadOnlySpan<byte>(address.Octets, 16)).ToString();

    /// <summary>A record whose name and data are octets, written as Latin-1.</summary>
    private readonly record struct Record(string Owner, byte Type, string Data);

    [LibraryImport("libc")]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc")]
    private static partial int mprotect(void* address, nuint length, int protection);
}
