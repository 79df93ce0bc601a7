using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Messages that stay in their program's socket until they are answered, and what else may happen meanwhile.</summary>
internal sealed class PeekedMessageTests : HostTest
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private TestSocket _client = null!;
    private TestSocket _server = null!;

    [SetUp]
    public void LetThemAskAndAnswer()
    {
        (_client, _server) = Connect(80);
        for (int count = 0; count <= PeekedMessage.EnoughAnswers; count++)
            AssertTheySpeak(_client, _server);
    }

    [Test]
    public void A_question_stays_in_the_socket_until_the_answer_and_the_answer_until_the_next_question()
    {
        for (int count = 0; count < 3; count++)
        {
            _client.Send(Text("question"));
            Assert.That((_client.Unread > 0, _server.Unread), Is.EqualTo((true, 0)));
            Assert.That(ReadText(_server), Is.EqualTo("question"));
            _server.Send(Text("answer"));
            Assert.That((_client.Unread, _server.Unread > 0), Is.EqualTo((0, true)));
            Assert.That(ReadText(_client), Is.EqualTo("answer"));
        }
    }

    [Test]
    public void It_is_taken_out_before_the_loop_sleeps()
    {
        _client.Send(Text("question"));
        Network.Sleep();
        Assert.That((_client.Unread, _server.Unread), Is.EqualTo((0, 0)));
        Assert.That(ReadText(_server), Is.EqualTo("question"));
        AssertTheySpeak(_server, _client);
    }

    [Test]
    public void It_is_taken_out_of_a_loop_that_never_sleeps()
    {
        _client.Send(Text("question"));
        Network.Wait(EventLoop.LongestIdleWait - TimeSpan.FromMilliseconds(1));
        Assert.That(_client.Unread, Is.GreaterThan(0));
        Network.Wait(TimeSpan.FromMilliseconds(1));
        Assert.That(_client.Unread, Is.Zero);
    }

    [Test]
    public void Who_sends_twice_without_an_answer_is_read_at_once_until_answers_come_again()
    {
        _client.Send(Text("one "));
        _client.Send(Text("two "));
        Assert.That(_client.Unread, Is.Zero);
        Network.Wait(Moment); // Nagle's algorithm
        Assert.That(ReadText(_server), Is.EqualTo("one two "));

        for (int count = 0; count < PeekedMessage.EnoughAnswers; count++)
        {
            _server.Send(Text("answer"));
            _client.Send(Text("again"));
            Assert.That(_client.Unread > 0, Is.EqualTo(count == PeekedMessage.EnoughAnswers - 1));
        }
        Assert.That(ReadText(_server), Is.EqualTo("againagainagainagain"));
    }

    [TestCase(PeekedMessage.Limit - 1, true)]
    [TestCase(PeekedMessage.Limit, false)]
    [TestCase(100_000, false)]
    public void What_is_long_is_read_at_once(int length, bool stays)
    {
        byte[] octets = [.. Enumerable.Range(0, length).Select(index => (byte)index)];
        _client.Send(octets);
        Assert.That(_client.Unread > 0, Is.EqualTo(stays));
        Assert.That(_server.ReceiveAll(out _), Is.EqualTo(octets));
    }

    [Test]
    public void Where_two_speak_at_once_messages_are_read_at_once()
    {
        TestSocket other = Left.OpenDatagram();
        _client.Post(Text("question"));
        other.SendTo(Right.Endpoint(9), Text("by the way"));
        Network.Settle();
        Assert.That(_client.Unread, Is.Zero);
        Assert.That(ReadText(_server), Is.EqualTo("question"));
    }

    [Test]
    public void An_end_that_follows_is_heard_and_all_before_it([Values] bool atOnce)
    {
        _client.Post(Text("question"));
        if (!atOnce)
            Network.Settle();
        _client.Shutdown(Constants.ShutWr);
        Network.Settle();
        Assert.That(_server.ReceiveAll(out int end), Is.EqualTo(Text("question")));
        _server.Send(Text("answer"));
        _server.Close();
        Network.Settle();
        Assert.That((end, ReadText(_client), _client.TakeError()), Is.EqualTo((0, "answer", Errno.None)));
    }

    [Test]
    public void When_the_connection_breaks_it_does_not_make_the_kernel_tell_of_a_reset()
    {
        _client.Send(Text("question"));
        Assert.That(_client.Unread, Is.GreaterThan(0));
        _server.SetOption(Constants.SolSocket, OptionNumbers.SoLinger, 1, 0);
        _server.Close();
        Network.Settle();
        Assert.That(_client.Receive(new byte[1]), Is.Zero);
        Assert.That(_client.TakeError(), Is.EqualTo(Errno.ECONNRESET));
    }

    [Test]
    public void A_program_that_closes_is_heard_to_the_end([Values] bool isAnswered)
    {
        _client.Send(Text("question"));
        if (isAnswered)
        {
            _server.Send(Text("answer"));
            Assert.That(ReadText(_client), Is.EqualTo("answer"));
        }
        _client.Close();
        Network.Settle();
        Assert.That(_server.ReceiveAll(out int end), Is.EqualTo(Text("question")));
        Assert.That(end, Is.Zero);
    }

    [Test]
    public void Closing_with_unread_data_resets([Values] bool hasAsked)
    {
        if (hasAsked)
            _client.Send(Text("question"));
        _server.Send(Text("never read"));
        Network.Wait(Moment); // Nagle's algorithm
        _client.Close();
        Network.Settle();
        Assert.That(_server.TakeError(), Is.EqualTo(Errno.ECONNRESET));
    }

    [Test]
    public void A_note_behind_a_request_counts()
    {
        _client.Send(Text("question"));
        _ = _client.SetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay, 1);
        _client.PostNote(StreamOption.NoDelay, 0);
        Network.Settle();
        Assert.That(_client.GetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay), Is.Zero);
    }

    [Test]
    public void Whatever_they_say_arrives_whole_and_in_order([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        TestSocket[] ends = [_client, _server];
        List<byte>[] said = [[], []], heard = [[], []];
        for (int step = 0; step < 500; step++)
        {
            int who = random.Next(10) == 0 ? random.Next(2) : step % 2; // mostly they alternate
            switch (random.Next(12))
            {
                case 0:
                    ends[who].PostNote(StreamOption.NoDelay, random.Next(2));
                    break;
                case 1:
                    Network.Sleep();
                    break;
                default:
                    byte[] octets = new byte[random.Next(20) == 0 ? random.Next(1, 50_000) : random.Next(1, 1200)];
                    random.NextBytes(octets);
                    said[who].AddRange(octets.AsSpan(0, Math.Max(0, ends[who].Post(octets))));
                    break;
            }
            if (random.Next(4) > 0)
                Network.Settle();
            if (random.Next(4) > 0)
                heard[1 - who].AddRange(ends[1 - who].ReceiveAll(out _));
        }
        for (int who = 0; who < 2; who++)
        {
            Network.RunUntil(
                () =>
                {
                    heard[1 - who].AddRange(ends[1 - who].ReceiveAll(out _));
                    return heard[1 - who].Count >= said[who].Count;
                },
                TimeSpan.FromMinutes(1));
            Assert.That(heard[1 - who], Is.EqualTo(said[who]));
        }
    }
}
