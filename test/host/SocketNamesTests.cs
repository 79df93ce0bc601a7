using System.Text;
using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

public class SocketNamesTests
{
    private static readonly SocketNames Names = new(0x1234abcd);

    [TestCase((int)SocketKind.Tcp, false)]
    [TestCase((int)SocketKind.Tcp, true)]
    [TestCase((int)SocketKind.Udp, false)]
    [TestCase((int)SocketKind.Udp, true)]
    [TestCase((int)SocketKind.Echo, false)]
    public void A_programs_socket_is_known_by_its_name_again(int kind, bool isV6)
    {
        SocketKey key = new((SocketKind)kind, isV6, 0x42);

        bool isRead = Names.TryReadProgram(Names.Program(key), out SocketKey read);

        Assert.That((isRead, read), Is.EqualTo((true, key)));
    }

    [TestCase("i6")]
    [TestCase("x4")]
    public void A_name_of_no_kind_is_read_as_nobodys(string kind) =>
        Assert.That(Names.TryReadProgram(UnixAddress.Abstract(Encoding.ASCII.GetBytes($"pyco/1234abcd/{kind}/0000000000000042")), out _), Is.False);

    [Test]
    public void An_accepted_connection_is_known_by_its_number_again()
    {
        IpEndpoint local = new(IpAddress.Parse("10.40.0.1"), 80);
        UnixAddress name = Names.Accepted(7, local, local with { Port = 4000 });

        Assert.That(Names.TryReadAccepted(name, out ulong number), Is.True);
        Assert.That(number, Is.EqualTo(7));
    }

    [Test]
    public void The_names_of_another_host_are_strangers()
    {
        UnixAddress name = new SocketNames(1).Program(new SocketKey(SocketKind.Tcp, IsV6: false, 1));

        Assert.That(Names.TryReadProgram(name, out _), Is.False);
    }
}
