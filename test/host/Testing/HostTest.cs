using System.Text;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>
/// Gives every test two hosts of its own. Afterwards no descriptor may be left over, on whatever path the test has led
/// the hosts.
/// </summary>
internal abstract class HostTest
{
    private int _descriptorsBefore;

    protected TestNetwork Network { get; private set; } = null!;

    protected TestHost Left => Network.Left;

    protected TestHost Right => Network.Right;

    [SetUp]
    public void StartHosts()
    {
        _descriptorsBefore = Kernel.OpenDescriptors;
        Network = new TestNetwork();
    }

    [TearDown]
    public void EndHosts()
    {
        Network.Dispose();
        Assert.That(Kernel.OpenDescriptors, Is.EqualTo(_descriptorsBefore), "descriptors leaked");
    }

    protected static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    /// <summary>What can be read from the socket at this moment.</summary>
    protected static string ReadText(TestSocket socket) => Encoding.ASCII.GetString(socket.ReceiveAll(out _));

    /// <summary>A connection between the two hosts' programs: Left's end and Right's.</summary>
    protected (TestSocket Client, TestSocket Server) Connect(ushort port)
    {
        TestSocket listener = Right.Listen(port);
        TestSocket client = Left.OpenStream();
        client.Connect(Right.Endpoint(port));
        TestSocket server = listener.Accept() ?? throw new AssertionException("nothing to accept");
        listener.Close();
        return (client, server);
    }

    /// <summary>Connects to a port of the right host, and the handshake waits until <see cref="FinishConnect"/>.</summary>
    protected (TestSocket Client, TestSocket Listener) BeginConnect()
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        client.Connect(Right.Endpoint(80));
        return (client, listener);
    }

    /// <summary>Lets the handshake end.</summary>
    /// <returns>The listener's end of the connection.</returns>
    protected TestSocket FinishConnect(TestSocket listener)
    {
        Left.Link.IsCut = false;
        TestSocket? server = null;
        Assert.That(
            Network.RunUntil(() => (server ??= listener.Accept()) is not null, TimeSpan.FromSeconds(30)), Is.True);
        Network.Settle();
        return server!;
    }

    /// <summary>The ends still speak to each other, both ways.</summary>
    protected static void AssertTheySpeak(TestSocket client, TestSocket server)
    {
        client.Send(Text("question"));
        Assert.That(ReadText(server), Is.EqualTo("question"));
        server.Send(Text("answer"));
        Assert.That(ReadText(client), Is.EqualTo("answer"));
    }

    /// <summary>The hosts still do their work: a new connection carries data and ends.</summary>
    protected void AssertHostsWork()
    {
        (TestSocket client, TestSocket server) = Connect(7);
        AssertTheySpeak(client, server);
        client.Close();
        Assert.That(server.Receive(new byte[1]), Is.Zero);
        server.Close();
    }

    /// <summary>Waits for the handshake or for its failure.</summary>
    protected Errno FailureOf(TestSocket connecting, TimeSpan limit)
    {
        Assert.That(Network.RunUntil(() => connecting.Events != 0, limit), Is.True, "neither established nor failed");
        return connecting.TakeError();
    }
}
