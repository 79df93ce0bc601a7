using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

public class SocketNamesTests
{
    private static readonly SocketNames Names = new(0x1234abcd);

    [Test]
    public void A_programs_socket_is_known_by_its_name_again()
    {
        SocketKey key = new(SocketKind.Udp, 0x42);

        bool isRead = Names.TryReadProgram(Names.Program(key, isV6: true), out SocketKey read, out bool isV6);

        Assert.That((isRead, read, isV6), Is.EqualTo((true, key, true)));
    }

    [Test]
    public void An_accepted_connection_is_known_by_its_number_again()
    {
        IpEndpoint local = new(IpAddress.Parse("10.40.0.1"), 80);
        UnixAddress name = Names.Accepted(7, local, local with { Port = 4000 });

        Assert.That(Names.TryReadAccepted(name, out SocketKey key), Is.True);
        Assert.That(key, Is.EqualTo(new SocketKey(SocketKind.Accepted, 7)));
    }

    [Test]
    public void The_names_of_another_host_are_strangers()
    {
        UnixAddress name = new SocketNames(1).Program(new SocketKey(SocketKind.Tcp, 1), isV6: false);

        Assert.That(Names.TryReadProgram(name, out _, out _), Is.False);
    }
}
