using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;

namespace Pyco.Host.Tests;

/// <summary>Options that programs tell without waiting for an answer.</summary>
internal sealed unsafe class NoteTests : HostTest
{
    private const int NoDelay = OptionNumbers.TcpNoDelay;
    private const int Tcp = OptionNumbers.IpProtoTcp;

    private RawClient Sender => Left.Dial(Constants.SockDgram);

    [Test]
    public void A_note_sets_an_option_of_a_connected_socket()
    {
        (TestSocket client, _) = Connect(80);

        Sender.Send(Note(Left, NoDelay, 1), client.Descriptor);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    [Test]
    public void A_note_sets_an_option_of_an_accepted_socket()
    {
        (_, TestSocket server) = Connect(80);

        Right.Dial(Constants.SockDgram).Send(Note(Right, NoDelay, 1), server.Descriptor);

        Assert.That(server.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    [Test]
    public void A_note_may_be_the_first_that_the_host_hears_of_a_socket()
    {
        TestSocket socket = Left.OpenStream();

        Sender.Send(Note(Left, OptionNumbers.TcpKeepIdle, 77), socket.Descriptor);

        Assert.That(socket.GetOption(Tcp, OptionNumbers.TcpKeepIdle), Is.EqualTo(77));
    }

    [Test]
    public void A_request_finds_done_what_was_noted_before_it()
    {
        (TestSocket client, _) = Connect(80);
        RawClient[] senders = [.. Enumerable.Range(0, 5).Select(_ => Sender)];
        using RawClient asking = Left.Dial();
        Request question = Left.NewRequest(Operation.GetOption);
        (question.OptionLevel, question.OptionName, question.OptionLength) = (Tcp, NoDelay, sizeof(int));
        for (int index = 0; index < senders.Length; index++)
            senders[index].Post(Note(Left, NoDelay, (index + 1) % 2), client.Descriptor);

        Reply reply = asking.Ask(question, client.Descriptor) ?? throw new AssertionException("no answer");

        Assert.That(*(int*)reply.Option, Is.EqualTo(1), "the last of five");
    }

    [Test]
    public void A_connect_finds_done_what_was_noted_before_it()
    {
        Right.Listen(80);
        TestSocket socket = Left.OpenStream();
        Sender.Post(Note(Left, OptionNumbers.TcpKeepIdle, 77), socket.Descriptor);

        socket.Connect(Right.Endpoint(80), RequestFlags.Known);

        Assert.That(socket.GetOption(Tcp, OptionNumbers.TcpKeepIdle), Is.EqualTo(77));
        Assert.That(Left.Bridge.Sockets.Count, Is.EqualTo(1), "it is one socket");
    }

    [Test]
    public void A_note_without_the_secret_is_not_believed()
    {
        (TestSocket client, _) = Connect(80);
        Request note = Note(Left, NoDelay, 1);
        note.Secret[3] ^= 1;

        Sender.Send(note, client.Descriptor);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.Zero);
    }

    [Test]
    public void A_note_needs_the_socket_that_it_is_about()
    {
        (TestSocket client, _) = Connect(80);

        Sender.Send(Note(Left, NoDelay, 1));

        Assert.That(client.GetOption(Tcp, NoDelay), Is.Zero);
    }

    [Test]
    public void A_note_can_do_nothing_but_set_an_option([Values] Operation operation)
    {
        TestSocket socket = Left.OpenStream();
        Request note = Left.NewRequest(operation, 5);
        note.Address = Bridge.WireAddresses.Write(Left.Endpoint(80), isV6: false);

        Sender.Send(note, socket.Descriptor);

        Assert.That(Left.Bridge.Sockets.Count, Is.EqualTo(operation == Operation.NoteOption ? 1 : 0));
        AssertHostsWork();
    }

    [Test]
    public void Notes_that_make_no_sense_leave_nothing_behind([Values(0, 1, 16, 199)] int lengthOctets)
    {
        TestSocket socket = Left.OpenStream();
        TestSocket datagrams = Left.OpenDatagram();
        int pipeLike = Kernel.NewUnixSocket(Constants.SockStream);

        Sender.Send(new byte[lengthOctets], socket.Descriptor);
        Sender.Send(new byte[4096], socket.Descriptor, datagrams.Descriptor, pipeLike);
        Sender.Send(Note(Left, NoDelay, 1), pipeLike);
        Sender.Send(Note(Left, NoDelay, 1), datagrams.Descriptor);

        _ = Libc.close(pipeLike);
        AssertHostsWork();
    }

    private static Request Note(TestHost host, int name, int value)
    {
        Request note = host.NewRequest(Operation.NoteOption);
        (note.OptionLevel, note.OptionName, note.OptionLength) = (Tcp, name, sizeof(int));
        *(int*)note.Option = value;
        return note;
    }
}
