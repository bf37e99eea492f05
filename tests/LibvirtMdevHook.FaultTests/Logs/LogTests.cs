using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Logs;

/// <summary>Workers of many domains write to one log.</summary>
[TestFixture]
internal sealed class LogTests
{
    private const int Processes = 20;
    private const int Lines = 200;

    [Test]
    public void Of_twenty_processes_that_log_at_once_no_line_is_lost_and_none_torn()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "var/log/libvirt/mdev-hook.log");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        var names = Enumerable.Range(0, Processes).Select(number => $"{(char)('a' + number)}{number}").ToArray();
        var program = Path.Combine(AppContext.BaseDirectory, "LibvirtMdevHook.FaultTests");

        var writers = Array.ConvertAll(names, name => Process.Start(program, [folder.Path, name, $"{Lines}"]));
        foreach (var writer in writers)
        {
            writer.WaitForExit();
            Assert.That(writer.ExitCode, Is.Zero);
            writer.Dispose();
        }

        // After the time and the level.
        var written = File.ReadLines(log)
            .Select(line => string.Join(' ', line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries).Skip(2)))
            .Select(line => line.TrimStart()).CountBy(line => line).ToDictionary();
        var tally = new Tally("lines of 20 processes in one log") { Of = Processes * Lines };
        foreach (var line in names.SelectMany(name => Enumerable.Range(0, Lines)
            .Select(number => $"{name}: {LogWriter.Line(name, number)}")))
            tally.Add(line[..12], written.GetValueOrDefault(line) == 1 ? null : $"it is there {written.GetValueOrDefault(line)} times");
        tally.Conclude();
        Assert.That(written, Has.Count.EqualTo(Processes * Lines), "lines that nobody wrote");
    }
}
