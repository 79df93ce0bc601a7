using System.Net.Sockets;
using Pyco.Host.Bridge;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;

namespace Pyco.Host.Tests;

/// <summary>Listeners whose host is no more are found and become readable.</summary>
internal sealed class OrphanedListenerTests : HostTest
{
    private const string Header = "Num       RefCount Protocol Flags    Type St Inode Path";
    private const string Host = "0000000000000000: 00000002 00000000 00010000 0001 01 101 @pyco/0000000a";
    private const string Listener = "0000000000000000: 00000002 00000000 00010000 0001 01 102 @pyco/0000000a/t4/00000000000000b1";

    [Test]
    public void A_listener_without_its_host_is_found() =>
        Assert.That(OrphanedListeners.Find([Header, Listener]), Is.EqualTo(new[] { "pyco/0000000a/t4/00000000000000b1" }));

    [Test]
    public void A_listener_with_its_host_is_none() => Assert.That(OrphanedListeners.Find([Listener, Host]), Is.Empty);

    [TestCase("0000000000000000: 00000003 00000000 00000000 0001 03 102 @pyco/0000000a/t4/00000000000000b1", TestName = "A_connection")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0005 01 102 @pyco/0000000a/u4/00000000000000b1", TestName = "A_datagram_socket")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0001 01 102 /pyco/0000000a/t4/00000000000000b1", TestName = "A_path")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0001 01 102 @pyco/0000000a/d", TestName = "A_host_s_own_socket")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0001 01 102 @pyco/0000000x/t4/00000000000000b1", TestName = "No_id")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0001 01 102", TestName = "No_name")]
    [TestCase("0000000000000000: 00000002 00000000 00010000 0001 01 102 @pyco/0000000a/t4/0000 00000000b1", TestName = "A_blank")]
    [TestCase("@pyco/0000000a/t4/00000000000000b1", TestName = "No_line")]
    public void Other_sockets_are_left_alone(string line) => Assert.That(OrphanedListeners.Find([Header, line]), Is.Empty);

    [Test]
    public void When_its_host_ends_a_listener_becomes_readable()
    {
        TestSocket listener = Right.Listen(80);
        Assert.That(listener.Events & Constants.PollIn, Is.Zero);

        Right.End();

        Assert.That(listener.Events & Constants.PollIn, Is.Not.Zero);
    }

    [Test]
    public void Each_is_woken_once()
    {
        using Socket listener = ListenWithoutHost();
        OrphanedListeners orphans = new();
        Assert.That(orphans.TryWakeNew(), Is.True);
        listener.Accept().Dispose();

        Assert.That(orphans.TryWakeNew(), Is.True);

        Assert.That(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False);
    }

    [Test]
    public void Who_was_one_before_is_not_woken()
    {
        using Socket listener = ListenWithoutHost();
        OrphanedListeners orphans = new();
        orphans.Learn();
        Assert.That(orphans.TryWakeNew(), Is.True);
        Assert.That(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False);

        orphans.Forget();
        Assert.That(orphans.TryWakeNew(), Is.True);

        Assert.That(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.True);
    }

    private static Socket ListenWithoutHost()
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0pyco/{Random.Shared.Next():x8}/t4/00000000000000b1"));
        listener.Listen();
        return listener;
    }
}
