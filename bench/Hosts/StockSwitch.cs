namespace Pyco.Bench.Hosts;

/// <summary>Debian's vde_switch, with its default settings, in a folder that goes with it.</summary>
internal sealed class StockSwitch : IDisposable
{
    private readonly Child _process;

    public StockSwitch()
    {
        Folder = Directory.CreateTempSubdirectory("pyco-bench-").FullName;
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101); // nginx's workers are www-data
        _process = Child.Start("vde_switch", "-s", Control);
        for (int attempt = 0; !Path.Exists(Path.Combine(Control, "ctl")); attempt++)
        {
            if (attempt == 100)
                throw new BenchException("vde_switch did not start");
            Thread.Sleep(20);
        }
    }

    public string Folder { get; }

    public string Control => Path.Combine(Folder, "ctl");

    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
