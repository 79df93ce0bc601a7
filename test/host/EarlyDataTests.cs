using Pyco.Host.Tests.Testing;

namespace Pyco.Host.Tests;

/// <summary>What a program writes before its handshake has ended stands right behind the connect's filler.</summary>
internal sealed class EarlyDataTests : HostTest
{
    [TestCase("a")]
    [TestCase("early")]
    public void What_is_written_during_the_handshake_arrives_whole(string early)
    {
        (TestSocket client, TestSocket listener) = BeginConnect();
        client.Post(Text(early));

        TestSocket server = FinishConnect(listener);

        Assert.That(ReadText(server), Is.EqualTo(early));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void What_is_written_during_the_handshake_and_closed_arrives_whole([Values(1, 2, 1000)] int lengthOctets)
    {
        (TestSocket client, TestSocket listener) = BeginConnect();
        client.Post(new byte[lengthOctets]);
        client.Shutdown(Posix.Constants.ShutWr);

        TestSocket server = FinishConnect(listener);

        Assert.That(server.ReceiveAll(out int last), Has.Length.EqualTo(lengthOctets));
        Assert.That(last, Is.Zero);
    }

    [Test]
    public void Nothing_behind_the_filler_is_no_data_and_no_end()
    {
        (TestSocket client, TestSocket listener) = BeginConnect();

        TestSocket server = FinishConnect(listener);

        Assert.That(server.Events & Posix.Constants.PollIn, Is.Zero);
        Assert.That(client.IsWritable, Is.True);
        AssertTheySpeak(client, server);
    }
}
