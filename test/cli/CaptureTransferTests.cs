using System.Buffers.Binary;
using System.Net.Sockets;
using Pyco.Cli.Net;
using Pyco.Network;
using Pyco.Network.Capture;

namespace Pyco.Cli.Tests;

/// <summary>pyco-net capture, with a network that is played.</summary>
internal sealed class CaptureTransferTests
{
    private const int BlockLength = 28;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pyco-capture-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task What_came_with_the_answer_is_written_although_nothing_follows()
    {
        using Socket listener = Listen();
        using NetworkClient network = NetworkClient.TryConnect(_folder)!;
        using Socket played = await listener.AcceptAsync();
        await played.SendAsync((byte[])[.. "ok\n"u8, .. SectionHeader()]);
        string file = Path.Combine(_folder, "trace.pcapng");
        network.Ask("capture", new CaptureOptions().Write());

        using CaptureOutput output = CaptureOutput.ToFile(file);
        CaptureTransfer transfer = new(network, output);
        Task run = Task.Run(transfer.Run);
        try
        {
            Assert.That(() => new FileInfo(file).Length, Is.EqualTo(BlockLength).After((int)Patience.TotalMilliseconds, 10));
            Assert.That(run.IsCompleted, Is.False, "the capture goes on");
        }
        finally
        {
            played.Shutdown(SocketShutdown.Send);
            await run.WaitAsync(Patience);
        }
    }

    private Socket Listen()
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(NetworkFolder.ControlSocketOf(_folder)));
        listener.Listen();
        return listener;
    }

    private static byte[] SectionHeader()
    {
        byte[] block = new byte[BlockLength];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 0x0a0d0d0a);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), BlockLength);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(BlockLength - 4), BlockLength);
        return block;
    }
}
