using System.Buffers.Binary;
using System.Text;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;

namespace Pyco.Vde.Tests.Switching;

/// <summary>A port whose station is the test.</summary>
internal sealed class TestPort : SwitchPort
{
    private const ushort TestType = 0x88b6;
    private const ushort VlanType = 0x8100;
    private const int AddressesLength = 12;
    private const int LongestSmall = 1518;

    private readonly TestSwitch _test;
    private readonly bool _mayLoop;
    private readonly List<string> _received = [];

    public TestPort(TestSwitch test, bool mayLoop = false)
    {
        _test = test;
        _mayLoop = mayLoop;
    }

    /// <summary>Takes the frames instead of the test: the other end of a cable.</summary>
    public Action<byte[]>? Cable { get; set; }

    public int RoomMade { get; private set; }

    protected internal override bool MayLoop => _mayLoop;

    /// <summary>What has come since the last look: texts, with the VLAN in front where there was a tag.</summary>
    public string[] Take()
    {
        string[] received = [.. _received];
        _received.Clear();
        return received;
    }

    public void Send(string from, string to, string text, int? vlan = null) => Send(Write(from, to, text, vlan));

    public void Send(ReadOnlySpan<byte> octets)
    {
        Frame frame = (octets.Length <= LongestSmall ? _test.Frames : _test.LargeFrames).Rent();
        octets.CopyTo(frame.Append(octets.Length));
        TakeFromStation(frame);
    }

    protected internal override void MakeRoom() => RoomMade++;

    protected override void Deliver(Frame frame)
    {
        byte[] octets = frame.Octets.ToArray();
        frame.Dispose();
        if (Cable is null)
            _received.Add(Read(octets));
        else
            Cable(octets);
    }

    private static byte[] Write(string from, string to, string text, int? vlan)
    {
        Assert.That(MacAddress.TryParse(from, out MacAddress source) & MacAddress.TryParse(to, out MacAddress destination));
        byte[] octets = new byte[AddressesLength + (vlan is null ? 2 : 6) + text.Length];
        destination.CopyTo(octets);
        source.CopyTo(octets.AsSpan(6));
        Span<byte> rest = octets.AsSpan(AddressesLength);
        if (vlan is { } tag)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, VlanType);
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)tag);
            rest = rest[4..];
        }
        BinaryPrimitives.WriteUInt16BigEndian(rest, TestType);
        Encoding.ASCII.GetBytes(text, rest[2..]);
        return octets;
    }

    private static string Read(ReadOnlySpan<byte> octets)
    {
        ReadOnlySpan<byte> rest = octets[AddressesLength..];
        string tag = "";
        if (BinaryPrimitives.ReadUInt16BigEndian(rest) == VlanType)
        {
            tag = $"{BinaryPrimitives.ReadUInt16BigEndian(rest[2..])}:";
            rest = rest[4..];
        }
        return BinaryPrimitives.ReadUInt16BigEndian(rest) == TestType ? tag + Encoding.ASCII.GetString(rest[2..]) : tag + "probe";
    }
}
