// reader CFG WEIGHTS OUT LAYER ...: as darknet.c, with OpenCV, whose layers have Darknet's numbers in their names
#include <opencv2/dnn.hpp>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "picture.h"

// [net]'s width, height and channels
static std::vector<int> shape_of(const char *cfg)
{
    std::ifstream in(cfg);
    std::vector<int> shape = {1, 3, 416, 416};
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("channels=", 0) == 0) shape[1] = std::stoi(line.substr(9));
        if (line.rfind("height=", 0) == 0) shape[2] = std::stoi(line.substr(7));
        if (line.rfind("width=", 0) == 0) shape[3] = std::stoi(line.substr(6));
    }
    return shape;
}

// of a layer without another activation than logistic, which has the next number: its batch normalisation where that is
// a layer of its own
static std::string name_of(const cv::dnn::Net &net, int layer)
{
    std::vector<std::string> wanted = {"logistic_" + std::to_string(layer + 1)};
    for (const char *kind : {"bn_", "conv_", "fullyConnected_", "softmax_", "pool_", "avgpool_"})
        wanted.push_back(kind + std::to_string(layer));
    for (const std::string &name : wanted)
        for (const std::string &found : net.getLayerNames())
            if (found == name) return name;
    std::cerr << "no layer " << layer << "\n";
    exit(1);
}

// the rows of all heads: a candidate each
static void write_boxes(FILE *fp, cv::dnn::Net &net)
{
    std::vector<cv::Mat> out;
    net.forward(out, net.getUnconnectedOutLayersNames());
    for (const cv::Mat &o : out)
        for (int row = 0; row < o.rows; ++row) {
            const float *x = o.ptr<float>(row);
            write_candidate(fp, x, o.cols - 5, x + 5);
        }
}

int main(int argc, char **argv)
try {
    if (argc == 2) { // the version
        std::cout << cv::getVersionString() << "\n";
        return 0;
    }
    if (argc < 5) return 2;
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(argv[1], argv[2]);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    std::vector<cv::String> names;
    bool boxes = argv[4][0] == 'b';
    for (int k = 4; k < argc && !boxes; ++k) names.push_back(name_of(net, std::stoi(argv[k])));
    FILE *fp = fopen(argv[3], "wb");
    cv::Mat x(shape_of(argv[1]), CV_32F);
    for (int p = 0; p < PICTURES; ++p) {
        fill_picture(x.ptr<float>(), (int)x.total());
        net.setInput(x);
        if (boxes) {
            write_boxes(fp, net);
            continue;
        }
        std::vector<cv::Mat> out;
        net.forward(out, names);
        for (const cv::Mat &o : out) write_numbers(fp, o.ptr<float>(), (int)o.total());
    }
    return fclose(fp) != 0;
} catch (const cv::Exception &e) {
    std::cerr << e.err << "\n";
    return 1;
}
