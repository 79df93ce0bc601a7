using System.Text;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Tests;

/// <summary>Addresses and names, as programs, kernel and host write them.</summary>
internal sealed unsafe class AddressTests
{
    [Test]
    public void An_IPv4_address_becomes_a_mapped_one_and_comes_back()
    {
        InternetAddress address = new() { Family = AfInet, Port = 0x5000, AddressV4 = 0x2000280a };
        WireAddress wire;
        Errno error = SocketAddress.Read((byte*)&address, 16, SocketState.None, &wire);
        Assert.That(error, Is.EqualTo(Errno.None));
        Assert.That(wire.Port, Is.EqualTo(80));
        Assert.That(SocketAddress.IsMapped(wire.Octets), Is.True);

        InternetAddress back;
        uint length = 16;
        SocketAddress.Write(&wire, SocketState.None, (byte*)&back, &length);
        Assert.That((back.Family, back.Port, back.AddressV4, length), Is.EqualTo((AfInet, 0x5000, 0x2000280au, 16u)));
    }

    [Test]
    public void A_short_buffer_gets_what_fits_and_the_whole_length()
    {
        WireAddress wire = new() { Family = AfInet, Port = 0x1234 };
        uint* room = stackalloc uint[2];
        room[0] = room[1] = 0xeeeeeeee;
        uint length = 4;
        SocketAddress.Write(&wire, SocketState.None, (byte*)room, &length);
        Assert.That((room[0], room[1], length), Is.EqualTo((0x34120002u, 0xeeeeeeeeu, 16u)));
    }

    [TestCase(AfInet, 15u, false, Errno.EINVAL)]
    [TestCase(AfInet6, 28u, false, Errno.EAFNOSUPPORT)]
    [TestCase(AfInet, 28u, true, Errno.EAFNOSUPPORT)]
    [TestCase(AfInet6, 23u, true, Errno.EINVAL)]
    [TestCase(AfInet6, 24u, true, Errno.None)]
    public void A_wrong_family_or_length_is_refused_as_Linux_does(int family, uint length, bool v6, Errno expected)
    {
        InternetAddress address = new() { Family = (ushort)family };
        WireAddress wire;
        Errno error = SocketAddress.Read((byte*)&address, length, v6 ? SocketState.V6 : SocketState.None, &wire);
        Assert.That(error, Is.EqualTo(expected));
    }

    [Test]
    public void Both_endpoints_of_a_connection_are_read_from_its_name()
    {
        Configure("0badf00d:00112233445566778899aabbccddeeff:0123456789abcdef:4711");
        const string v4 = "00000000000000000000ffff0a2800";
        UnixAddress address;
        uint length = WriteName(&address, "pyco/0badf00d/c/0000000000000001/" + v4 + "200050/" + v4 + "22c001");
        WireAddress local;
        WireAddress remote;
        Assert.That(SocketName.TryReadConnection(&address, length, &local, &remote), Is.True);
        Assert.That((local.Port, remote.Port, remote.Octets[15]), Is.EqualTo((80, 0xc001, 0x22)));
        Assert.That((local.Family, StackHost.ProcessId), Is.EqualTo((AfInet, 4711)));
    }

    [TestCase("")]
    [TestCase("pyco/0badf00d/c/0000000000000001/")]
    [TestCase("pyco/ffffffff/c/0000000000000001/00000000000000000000ffff0a2800200050/00000000000000000000ffff0a280022c001")]
    [TestCase("pyco/0badf00d/c/0000000000000001/00000000000000000000ffff0a2800200050/00000000000000000000ffff0a280022c00x")]
    public void Other_names_are_no_connections(string name)
    {
        Configure("0badf00d:00112233445566778899aabbccddeeff:0123456789abcdef:4711");
        UnixAddress address;
        uint length = WriteName(&address, name);
        WireAddress local;
        WireAddress remote;
        Assert.That(SocketName.TryReadConnection(&address, length, &local, &remote), Is.False);
    }

    [Test]
    public void Octets_move_over_the_edges_of_their_pieces()
    {
        byte* octets = stackalloc byte[12];
        IoVector* vectors = stackalloc IoVector[3];
        int[] lengths = [3, 0, 9];
        byte* at = octets;
        for (int i = 0; i < 3; at += lengths[i++])
            vectors[i] = new IoVector { Base = at, Length = (nuint)lengths[i] };
        for (int i = 0; i < 12; i++)
            octets[i] = (byte)i;

        IoVectors.MoveToFront(vectors, 4, 6);
        Assert.That(new Span<byte>(octets, 6).ToArray(), Is.EqualTo(new byte[] { 4, 5, 6, 7, 8, 9 }));
        IoVectors.MoveToBack(vectors, 3, 4, 6);
        Assert.That(new Span<byte>(octets + 4, 6).ToArray(), Is.EqualTo(new byte[] { 4, 5, 6, 7, 8, 9 }));
    }

    private static void Configure(string value)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(value + "\0"))
            StackHost.Configure(text);
    }

    private static uint WriteName(UnixAddress* address, string name)
    {
        *address = default;
        address->Family = AfUnix;
        byte[] octets = Encoding.ASCII.GetBytes(name);
        octets.CopyTo(new Span<byte>(address->Path + 1, UnixAddress.PathCapacity - 1));
        return (uint)(UnixAddress.PathOffset + 1 + octets.Length);
    }
}
